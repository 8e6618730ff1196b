using Runbooks.Lab.FailureTable;

namespace Runbooks.Bench.Migration;

/// <summary>The failure table on real hosts: each row, with how its run ended, and how many did not end as they must.</summary>
internal static class FailuresCase
{
    /// <summary>The rows have hosts of their own: what they do to hosts is nothing for a lab that others measure on.</summary>
    public static async Task RunAsync(BenchLab lab, MigrationOptions options, CancellationToken cancellationToken)
    {
        var results = await AllRows.PlayAsync(Tell, cancellationToken);
        var wrong = results.Count(r => r.Wrong.Count > 0);
        Output.Result(new { @case = "failures", tried = results.Count, wrong });
        if (wrong > 0)
        {
            throw new BenchException($"{wrong} rows of the failure table did not end as they must.");
        }
    }

    private static void Tell(RowResult result)
    {
        Output.Say(result.Line);
        Output.Result(result.Json);
    }
}
