using Runbooks.Server.Orders;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Api;

/// <summary>Reads a bulk order: the verb, and which runs it is for.</summary>
internal static class BulkRequest
{
    /// <summary>Orders about a single step are no bulk orders.</summary>
    private static readonly RunVerb[] ForMany = [RunVerb.Pause, RunVerb.Resume, RunVerb.Cancel, RunVerb.Retry, RunVerb.Undo, RunVerb.Restart];

    private static readonly string[] Known = ["runbook", "status", "host"];

    public static (RunVerb Verb, IReadOnlyList<RunId>? Ids, BulkFilter? Filter) Read(RequestBody body)
    {
        var word = body.RequiredText("verb");
        var verb = RunVerbs.Parse(word);
        if (word.Length > 0 && (verb is null || !ForMany.Contains(verb.Value)))
        {
            body.Refuse("verb", $"'{word}' can't be asked of many runs. Known: {string.Join(", ", ForMany.Select(v => v.Word()))}.");
        }

        var ids = Ids(body);
        var filter = Filter(body);
        if ((ids is null) == (filter is null))
        {
            body.Refuse("ids", "Name the runs by 'ids', or by a 'filter' with runbook, status or host; one of the two.");
        }

        return (verb ?? default, ids, filter);
    }

    private static IReadOnlyList<RunId>? Ids(RequestBody body)
    {
        if (body.Texts("ids") is not { } texts)
        {
            return null;
        }

        if (texts.Count is 0 or > BulkOrders.Most)
        {
            body.Refuse("ids", $"There are {texts.Count} ids; 1 to {BulkOrders.Most} are taken.");
        }

        foreach (var text in texts.Where(t => !RunId.TryParse(t, out _)))
        {
            body.Refuse("ids", $"'{text}' is not the id of a run.");
        }

        return [.. texts.Select(t => RunId.TryParse(t, out var id) ? id : default)];
    }

    private static BulkFilter? Filter(RequestBody body)
    {
        if (body.OptionalObject("filter") is not { } filter)
        {
            return null;
        }

        foreach (var (name, value) in filter)
        {
            if (!Known.Contains(name, StringComparer.Ordinal))
            {
                body.Refuse($"filter.{name}", $"There is no such filter. Known: {string.Join(", ", Known)}.");
            }
            else if (value is null || value.GetValueKind() != System.Text.Json.JsonValueKind.String)
            {
                body.Refuse($"filter.{name}", "Expected a text.");
            }
        }

        if (filter.Count == 0)
        {
            body.Refuse("filter", "It names nothing, and would be for every run. Name a runbook, a status or a host.");
        }

        RunStatus? status = null;
        if (filter["status"]?.ToString() is { } word)
        {
            if (Enum.TryParse<RunStatus>(word, ignoreCase: true, out var known) && Enum.IsDefined(known) && !char.IsDigit(word[0]))
            {
                status = known;
            }
            else
            {
                body.Refuse("filter.status", $"'{word}' is not a status.");
            }
        }

        return new BulkFilter(filter["runbook"]?.ToString(), status, filter["host"]?.ToString());
    }
}
