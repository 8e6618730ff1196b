using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Instances;

/// <summary>Which instances Studio asks for, as a query of ours. Pure.</summary>
internal static class InstanceQueries
{
    /// <summary>The body of POST /workflow-instances, or the filter of an alteration.</summary>
    public static RunQuery Of(JsonObject body)
    {
        var (ordering, descending) = Order(body);
        var (page, size) = (Whole(body, "page") ?? 0, Whole(body, "pageSize") ?? 50);
        var take = Math.Clamp(size, 1, RunQuery.MostTaken);
        var ids = JournalFilters.Texts(body, "ids").Concat(JournalFilters.Texts(body, "workflowInstanceIds")).ToArray();
        var versions = JournalFilters.Texts(body, "definitionVersionIds").Append(Text(body, "definitionVersionId")).OfType<string>().ToArray();
        var definitions = JournalFilters.Texts(body, "definitionIds").Append(Text(body, "definitionId")).OfType<string>().ToArray();
        var query = new RunQuery
        {
            Ids = ids.Length > 0 ? [.. ids.Select(i => RunId.TryParse(i, out var id) ? id : default)] : null,
            DefinitionIds = definitions.Length > 0 ? definitions : null,
            Version = Whole(body, "version"),
            CorrelationId = Text(body, "correlationId"),
            ParentRunId = RunId.TryParse(Text(body, "parentWorkflowInstanceId"), out var parent) ? parent : null,
            Statuses = InstanceWords.Statuses(Words(body, "status", "statuses"), Words(body, "subStatus", "subStatuses")),
            HasTrouble = Flag(body, "hasIncidents"),
            Text = Text(body, "searchTerm"),
            Moments = [.. (body["timestampFilters"] as JsonArray ?? []).OfType<JsonObject>().Select(Moment).OfType<MomentCondition>()],
            Ordering = ordering,
            Descending = descending,
            Skip = (int)Math.Min(int.MaxValue, Math.Max(0L, page) * take),
            Take = take,
        };
        return versions.Length == 1 && VersionId.TryParse(versions[0], out var version)
            ? query with { DefinitionIds = [version.DefinitionId], Version = version.Version }
            : versions.Length > 0 ? query with { Statuses = [] }
            : Flag(body, "isSystem") == true ? query with { Statuses = [] }
            : query;
    }

    /// <summary>True when nothing in it narrows: then everything would be meant.</summary>
    public static bool IsEmpty(RunQuery query) => query is { Ids: null, DefinitionIds: null, Version: null, CorrelationId: null, ParentRunId: null, Statuses: null, HasTrouble: null, Text: null, Moments.Count: 0 };

    public static string? Text(JsonObject body, string name) => body[name] is JsonValue value && value.ToString() is { Length: > 0 } text ? text : null;

    public static bool? Flag(JsonObject body, string name) => bool.TryParse(Text(body, name), out var flag) ? flag : null;

    public static int? Whole(JsonObject body, string name) => int.TryParse(Text(body, name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string[] Words(JsonObject body, string one, string many) => [.. JournalFilters.Texts(body, many), .. Text(body, one) is { } word ? [word] : Array.Empty<string>()];

    /// <summary>Elsa's client and server differ in a word; both are understood.</summary>
    private static (RunOrdering Ordering, bool Descending) Order(JsonObject body)
    {
        var ordering = Text(body, "orderBy") switch
        {
            "LastExecuted" or "UpdatedAt" or "Updated" => RunOrdering.Updated,
            "Finished" or "FinishedAt" => RunOrdering.Finished,
            "Name" => RunOrdering.Name,
            _ => RunOrdering.Created,
        };
        return (ordering, !string.Equals(Text(body, "orderDirection"), "Ascending", StringComparison.OrdinalIgnoreCase));
    }

    private static MomentCondition? Moment(JsonObject filter)
    {
        RunMoment? moment = Text(filter, "column") switch { "CreatedAt" => RunMoment.Created, "UpdatedAt" => RunMoment.Updated, "FinishedAt" => RunMoment.Finished, _ => null };
        Comparison? comparison = Text(filter, "operator") switch
        {
            "Is" => Comparison.Is,
            "IsNot" => Comparison.IsNot,
            "LessThan" => Comparison.Before,
            "GreaterThan" => Comparison.After,
            "LessThanOrEqual" => Comparison.NotAfter,
            "GreaterThanOrEqual" => Comparison.NotBefore,
            _ => null,
        };
        return moment is { } m && comparison is { } c && DateTimeOffset.TryParse(Text(filter, "timestamp"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? new MomentCondition(m, c, at)
            : null;
    }
}
