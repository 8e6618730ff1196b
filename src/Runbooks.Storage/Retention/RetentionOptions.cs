namespace Runbooks.Storage.Retention;

/// <summary>Section <c>Retention</c>: how long runs that have ended are kept, with their steps and their journal.</summary>
public sealed class RetentionOptions
{
    public const string Section = "Retention";

    /// <summary>A run is forgotten when it ended longer ago than this, at least one hour. Null: age alone forgets nothing. Default 90 days.</summary>
    public TimeSpan? KeepFor { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Of each runbook the newest so many runs are kept, at least 1; older ones that have ended are forgotten. Null: as many as there are. Default 20000.</summary>
    public int? KeepRuns { get; set; } = 20_000;

    /// <summary>From the end of one look for old runs to the next, 1 second to 1 day. Default 10 minutes.</summary>
    public TimeSpan Every { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Runs that one transaction forgets, 1 to 10000. Default 200: a moment's work, so that nobody waits for it.</summary>
    public int Batch { get; set; } = 200;

    public void Check(List<string> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        if (KeepFor < TimeSpan.FromHours(1))
        {
            problems.Add($"Retention:KeepFor is {KeepFor}; it is at least one hour, written like 90.00:00:00 for 90 days. Leave it empty to keep runs of any age.");
        }

        if (KeepRuns < 1)
        {
            problems.Add($"Retention:KeepRuns is {KeepRuns}; it is at least 1. Leave it empty to keep any number of runs.");
        }

        if (Every < TimeSpan.FromSeconds(1) || Every > TimeSpan.FromDays(1))
        {
            problems.Add($"Retention:Every is {Every}; it can be from 00:00:01 to 1.00:00:00.");
        }

        if (Batch is < 1 or > 10_000)
        {
            problems.Add($"Retention:Batch is {Batch}; it can be from 1 to 10000.");
        }
    }
}
