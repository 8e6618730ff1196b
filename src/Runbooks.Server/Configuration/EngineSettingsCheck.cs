using Runbooks.Workflows.Execution;

namespace Runbooks.Server.Configuration;

/// <summary>Section <c>Engine</c> is bound to <see cref="EngineOptions"/>, which the engine knows without any configuration library.</summary>
internal static class EngineSettingsCheck
{
    public const string Section = "Engine";

    /// <summary>Renewal happens every third of a lease; shorter than this, a short pause of the machine loses runs.</summary>
    private static readonly TimeSpan ShortestLease = TimeSpan.FromSeconds(3);

    /// <summary>Whoever stops the server waits for the drain.</summary>
    private static readonly TimeSpan LongestDrain = TimeSpan.FromMinutes(10);

    public static void Check(EngineOptions options, List<string> problems)
    {
        if (string.IsNullOrWhiteSpace(options.Worker))
        {
            problems.Add("Engine:Worker is empty; give each server a name of its own.");
        }

        if (options.Lease < ShortestLease)
        {
            problems.Add($"Engine:Lease is {options.Lease}; it is at least {ShortestLease}.");
        }

        if (options.Concurrency is < 1 or > 1000)
        {
            problems.Add($"Engine:Concurrency is {options.Concurrency}; it can be from 1 to 1000.");
        }

        if (options.DrainFor < TimeSpan.Zero || options.DrainFor > LongestDrain)
        {
            problems.Add($"Engine:DrainFor is {options.DrainFor}; it can be from 00:00:00 to {LongestDrain}.");
        }

        Positive(options.NobodyAbleFor, nameof(options.NobodyAbleFor), problems);
        Positive(options.FirstOutagePause, nameof(options.FirstOutagePause), problems);
        Positive(options.LongestOutagePause, nameof(options.LongestOutagePause), problems);
        Positive(options.Poll, nameof(options.Poll), problems);
        Positive(options.ReconcileFor, nameof(options.ReconcileFor), problems);
        Positive(options.KeepEventsFor, nameof(options.KeepEventsFor), problems);
        Positive(options.FirstPause, nameof(options.FirstPause), problems);
        Positive(options.MaxPause, nameof(options.MaxPause), problems);
        if (options.MaxAttempts < 1 || options.MaxUndoAttempts < 1)
        {
            problems.Add("Engine:MaxAttempts and Engine:MaxUndoAttempts are at least 1.");
        }
    }

    private static void Positive(TimeSpan value, string name, List<string> problems)
    {
        if (value <= TimeSpan.Zero)
        {
            problems.Add($"Engine:{name} is {value}; it is longer than zero.");
        }
    }
}
