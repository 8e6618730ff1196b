using System.Globalization;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Api;

/// <summary>Which runs a caller wants to see, read from the query string with every mistake named.</summary>
internal static class RunQuery
{
    private static readonly string[] Known = ["runbook", "status", "open", "before", "limit", "parent"];

    public static (RunFilter Filter, IReadOnlyList<(string Field, string Message)> Errors) Read(IQueryCollection query)
    {
        var errors = new List<(string, string)>();
        foreach (var name in query.Keys.Where(k => !Known.Contains(k, StringComparer.OrdinalIgnoreCase)))
        {
            errors.Add((name, $"There is no such filter. Known: {string.Join(", ", Known)}."));
        }

        var filter = new RunFilter { DefinitionId = Text(query, "runbook") };
        if (Text(query, "status") is { } status)
        {
            if (Enum.TryParse<RunStatus>(status, ignoreCase: true, out var value) && Enum.IsDefined(value) && !char.IsDigit(status[0]))
            {
                filter = filter with { Status = value };
            }
            else
            {
                errors.Add(("status", $"'{status}' is not a status. Known: {string.Join(", ", Enum.GetNames<RunStatus>().Select(n => char.ToLowerInvariant(n[0]) + n[1..]))}."));
            }
        }

        if (Text(query, "open") is { } open)
        {
            if (bool.TryParse(open, out var value))
            {
                filter = filter with { OnlyOpen = value };
            }
            else
            {
                errors.Add(("open", $"'{open}' is neither true nor false."));
            }
        }

        if (Text(query, "before") is { } before)
        {
            if (DateTimeOffset.TryParse(before, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var value))
            {
                filter = filter with { CreatedBefore = value };
            }
            else
            {
                errors.Add(("before", $"'{before}' is not a time; give the createdAt of the last run of the page before."));
            }
        }

        if (Text(query, "limit") is { } limit)
        {
            if (int.TryParse(limit, CultureInfo.InvariantCulture, out var value) && value is >= 1 and <= RunFilter.HighestLimit)
            {
                filter = filter with { Limit = value };
            }
            else
            {
                errors.Add(("limit", $"'{limit}' is not a number from 1 to {RunFilter.HighestLimit}."));
            }
        }

        if (Text(query, "parent") is { } parent)
        {
            if (RunId.TryParse(parent, out var value))
            {
                filter = filter with { ParentRunId = value };
            }
            else
            {
                errors.Add(("parent", $"'{parent}' is not the id of a run."));
            }
        }

        return (filter, errors);
    }

    private static string? Text(IQueryCollection query, string name) => query.TryGetValue(name, out var value) && value.ToString() is { Length: > 0 } text ? text : null;
}
