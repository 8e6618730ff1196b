using Microsoft.AspNetCore.SignalR;
using Runbooks.Server.Elsa.Instances;
using Runbooks.Server.Startup;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Live;

/// <summary>
/// Looks at the instances that somebody looks at, in the store, whichever server executes them, and tells their viewers what
/// has changed. Asks nothing while nobody looks.
/// </summary>
internal sealed class InstancePusher(
    InstanceAudience audience,
    IRunReader runs,
    InstanceReader instances,
    IHubContext<InstanceHub> hub,
    TimeProvider clock,
    ServiceHealth health,
    ILogger<InstancePusher> logger) : RepeatingService("Viewer of instances", clock, health, logger)
{
    private readonly TimeProvider time = clock;
    private readonly Dictionary<RunId, PushPlan> plans = [];
    private readonly PushBudget budget = new();

    protected override TimeSpan Interval => TimeSpan.FromMilliseconds(250);

    protected override async Task RoundAsync(CancellationToken stoppingToken)
    {
        var watched = audience.Watched.Take(RunQuery.MostTaken).ToDictionary(w => w.Id);
        foreach (var gone in plans.Keys.Where(id => !watched.ContainsKey(id)).ToArray())
        {
            _ = plans.Remove(gone);
        }

        if (watched.Count == 0)
        {
            return;
        }

        budget.Advance(time.GetUtcNow());
        var found = (await runs.QueryAsync(new RunQuery { Ids = [.. watched.Keys], Take = RunQuery.MostTaken }, stoppingToken)).Items;
        foreach (var (run, plan) in found.Select(r => (Run: r, Plan: PlanOf(r, watched[r.Id].Seen))).OrderBy(p => p.Plan.ReadAt).ToArray())
        {
            await TellAsync(run, watched[run.Id].Connections, plan, stoppingToken);
        }
    }

    private PushPlan PlanOf(Run run, Run seen)
    {
        if (!plans.TryGetValue(run.Id, out var plan))
        {
            plans.Add(run.Id, plan = new PushPlan(seen));
        }

        return plan;
    }

    private async Task TellAsync(Run run, int connections, PushPlan plan, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var viewers = hub.Clients.Group(InstanceHub.GroupOf(run.Id));
        if (plan.WantsBadges(run, now))
        {
            var stats = plan.Badges(run, StepStats.Of(await instances.FactsAsync(run, cancellationToken)), now);
            if (stats.Count > 0)
            {
                await viewers.SendAsync(InstanceHub.ActivitiesChanged, new { stats }, cancellationToken);
            }
        }

        var (journal, instance) = plan.Reading(run, connections, budget, now);
        if (journal)
        {
            await viewers.SendAsync(InstanceHub.JournalChanged, new { }, cancellationToken);
        }

        if (instance)
        {
            await viewers.SendAsync(InstanceHub.InstanceChanged, new { workflowInstanceId = run.Id.ToString() }, cancellationToken);
        }
    }
}
