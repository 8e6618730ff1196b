using Runbooks.Faults.Simulation;
using Runbooks.Workflows.Journal;

namespace Runbooks.Faults.Model;

/// <summary>One simulation from a seed: what came of it.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Problems">Broken invariants; empty when all is well.</param>
/// <param name="Hash">Of everything that happened; equal for equal seeds.</param>
/// <param name="Ends">How many runs ended how.</param>
/// <param name="Report">For people, when something is broken.</param>
internal sealed record SeedRun(int Seed, IReadOnlyList<string> Problems, string Hash, IReadOnlyDictionary<string, int> Ends, string Report)
{
    /// <summary>Longer than any outage, lease, delay and retry in a scenario takes together.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(3);

    public static SeedRun Play(int seed, Action<string>? onLine = null)
    {
        var scenario = Scenario.Of(seed);
        using var installation = new Installation(seed, scenario.Plan);
        installation.Loop.Trace.OnLine = onLine;
        onLine?.Invoke(scenario.ToString());
        var story = new Story(scenario, installation);
        IReadOnlyList<string> problems;
        try
        {
            installation.Play(story.TellAsync, Longest);
            problems = [.. story.Doubles, .. Wait(Invariants.BrokenAsync(installation, [.. scenario.Vms.Select(v => v.Vm.Name)], story.Harmed))];
            if (problems.Count == 0)
            {
                problems = Usable.Check(installation, scenario, story.Harmed);
            }
        }
        catch (SimulationStuckException e)
        {
            problems = [e.Message, .. Open(installation)];
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A soak goes on with the next seed.
            problems = [e.ToString()];
        }

        var ends = Wait(installation.Kept.ListAsync(new RunFilter { Limit = RunFilter.HighestLimit }, CancellationToken.None))
            .GroupBy(r => r.Status.ToString()).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal);
        ends["deaths"] = installation.Workers.Sum(w => w.Deaths);
        ends["steps"] = (int)installation.Loop.Steps;
        return new SeedRun(seed, problems, installation.Loop.Trace.Hash, ends, problems.Count == 0 ? "" : Describe(scenario, installation, problems));
    }

    private static string Describe(Scenario scenario, Installation installation, IReadOnlyList<string> problems) => string.Join('\n',
    [
        $"Seed {scenario.Seed} breaks {problems.Count} rules:",
        .. problems.Select(p => $"  {p}"),
        "Scenario:",
        scenario.ToString(),
        "Last lines of what happened:",
        .. installation.Loop.Trace.Lines.TakeLast(60),
        $"To play it again with its whole trace: make soak SEED={scenario.Seed}",
    ]);

    private static IEnumerable<string> Open(Installation installation) =>
        Wait(installation.Kept.ListAsync(new RunFilter { OnlyOpen = true, Limit = RunFilter.HighestLimit }, CancellationToken.None))
            .Select(r => $"run {installation.Recording.NumberOf(r.Id)} ({r.DefinitionId}) is {r.Status}: {r.Reason}");

    /// <summary>The store itself answers at once.</summary>
    private static T Wait<T>(Task<T> task) => task.IsCompleted ? task.GetAwaiter().GetResult() : throw new InvalidOperationException("The in-memory store did not answer at once.");
}
