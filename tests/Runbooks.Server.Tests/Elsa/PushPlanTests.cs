using Runbooks.Server.Elsa.Instances;
using Runbooks.Server.Elsa.Live;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>When viewers are told what, and what that costs.</summary>
public sealed class PushPlanTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private DateTimeOffset now = Start;

    [Fact]
    public void A_change_is_told_at_once_and_the_next_one_not_before_a_second_has_passed()
    {
        var (plan, budget) = (new PushPlan(NewRun(1)), Budget());

        Assert.Equal((true, false), plan.Reading(NewRun(2), 3, budget, now));
        Pass(budget, 0.9);
        Assert.Equal((false, false), plan.Reading(NewRun(5), 3, budget, now));
        Pass(budget, 0.1);
        Assert.Equal((true, false), plan.Reading(NewRun(5), 3, budget, now));
        Pass(budget, 5);
        Assert.Equal((false, false), plan.Reading(NewRun(5), 3, budget, now));
    }

    [Fact]
    public void Only_what_has_changed_is_told()
    {
        var (plan, budget) = (new PushPlan(NewRun(1)), Budget());

        Assert.Equal((false, false), plan.Reading(NewRun(1), 3, budget, now));
        Assert.Equal((true, true), plan.Reading(NewRun(2, RunStatus.Finished), 3, budget, now));
        Pass(budget, 2);
        Assert.Equal((true, false), plan.Reading(NewRun(3, RunStatus.Finished), 3, budget, now));
    }

    [Fact]
    public void Badges_are_told_with_those_values_that_have_changed()
    {
        var plan = new PushPlan(NewRun(1));
        StepStats a = new("a", "Workflow1:a", 1, 0, 1, false, false, 0), b = new("b", "Workflow1:b", 1, 1, 0, false, false, 0);

        Assert.True(plan.WantsBadges(NewRun(2), now));
        Assert.Equal([a, b], plan.Badges(NewRun(2), [a, b], now));
        Assert.False(plan.WantsBadges(NewRun(3), now.AddSeconds(0.5)));
        Assert.False(plan.WantsBadges(NewRun(2), now.AddSeconds(5)));
        Assert.True(plan.WantsBadges(NewRun(3), now.AddSeconds(1)));
        var done = a with { CompletedCount = 1, UncompletedCount = 0 };
        Assert.Equal([done], plan.Badges(NewRun(3), [done, b with { Metadata = [] }], now.AddSeconds(1)));
    }

    [Fact]
    public void Twenty_viewers_of_runs_that_never_rest_cause_at_most_two_requests_a_second()
    {
        var budget = Budget();
        var plans = Enumerable.Range(0, 20).Select(_ => new PushPlan(NewRun(1))).ToArray();
        var (requests, told) = (0, new int[20]);
        var audience = new InstanceAudience();
        for (var connection = 0; connection < 60; connection++)
        {
            audience.Join($"c{connection}", NewRun(1, id: new RunId(new Guid(connection / 3, 0, 0, new byte[8]))));
        }

        // Each of the 20 asks twice whenever what it was answered last is not fresh any more.
        var asked = 20 * 2 / audience.FreshFor.TotalSeconds;
        const int seconds = 600;
        for (var round = 0; round < seconds * 4; round++)
        {
            Pass(budget, 0.25);
            foreach (var which in Enumerable.Range(0, plans.Length).OrderBy(i => plans[i].ReadAt).ToArray())
            {
                var (journal, instance) = plans[which].Reading(NewRun(round + 2), 3, budget, now);
                requests += (journal ? 1 : 0) + (instance ? 3 : 0);
                told[which] += journal ? 1 : 0;
            }
        }

        Assert.True(requests + (asked * seconds) <= 2 * seconds, $"{requests} requests in {seconds} s, and {asked} a second.");
        Assert.True(requests >= 0.8 * seconds, $"Only {requests} requests in {seconds} s.");
        Assert.True(told.Min() * 3 > told.Max(), $"One viewer was told {told.Min()} times, another one {told.Max()} times.");
    }

    [Fact]
    public void The_end_of_a_run_is_told_at_once_however_short_the_budget_is()
    {
        var budget = Budget();
        while (budget.Take(10, evenBeyond: false))
        {
            // Until nothing is left.
        }

        var plan = new PushPlan(NewRun(1));
        Assert.Equal((false, false), plan.Reading(NewRun(2), 3, budget, now));
        Assert.Equal((true, true), plan.Reading(NewRun(3, RunStatus.Compensated), 3, budget, now));
    }

    [Fact]
    public void An_audience_is_there_as_long_as_one_connection_is()
    {
        var audience = new InstanceAudience();
        var run = NewRun(1);
        audience.Join("a", run);
        audience.Join("a", run);
        audience.Join("b", run);

        Assert.Equal(2, Assert.Single(audience.Watched).Connections);
        audience.Leave("a");
        audience.Leave("nobody");
        Assert.Equal(1, Assert.Single(audience.Watched).Connections);
        audience.Leave("b");
        Assert.Empty(audience.Watched);
    }

    private static readonly RunId Id = new(Guid.NewGuid());

    private static Run NewRun(long sequence, RunStatus status = RunStatus.Executing, RunId? id = null) => new()
    {
        Id = id ?? Id,
        DefinitionId = "w",
        DefinitionVersion = 1,
        CreatedAt = Start,
        StartedBy = "anna",
        Status = status,
        NextJournalSequence = sequence,
    };

    private PushBudget Budget()
    {
        var budget = new PushBudget();
        budget.Advance(now);
        return budget;
    }

    private void Pass(PushBudget budget, double seconds)
    {
        now += TimeSpan.FromSeconds(seconds);
        budget.Advance(now);
    }
}
