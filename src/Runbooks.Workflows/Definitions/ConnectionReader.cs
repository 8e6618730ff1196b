using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.ControlFlow;

namespace Runbooks.Workflows.Definitions;

/// <summary>Reads the connections of a flowchart, and refuses those that could never be followed.</summary>
internal static class ConnectionReader
{
    public static IReadOnlyList<FlowConnection> Read(Flowchart flowchart, JsonArray items, ProblemList problems)
    {
        var activities = flowchart.Activities.ToDictionary(a => a.Id, StringComparer.Ordinal);
        var found = new List<FlowConnection>();
        foreach (var item in items)
        {
            var source = End(item, "source", "sourcePort");
            var target = End(item, "target", "targetPort");
            var from = activities.GetValueOrDefault(source.Id ?? "");
            var to = activities.GetValueOrDefault(target.Id ?? "");
            if (from is null || to is null)
            {
                var missing = from is null ? source.Id : target.Id;
                problems.Add(flowchart.Id, $"The connection from '{source.Id}' to '{target.Id}' leads {(from is null ? "from" : "to")} '{missing}', which is not an activity of this flowchart.");
                continue;
            }

            var port = source.Port is { Length: > 0 } named ? named : "Done";
            if (!from.Descriptor.IsTerminal && from.LeavesBy is { } outcomes && !outcomes.Contains(port, StringComparer.Ordinal))
            {
                problems.Add(from.Id, $"A connection leaves by outcome '{port}', but {from.Type} has only: {string.Join(", ", outcomes)}.");
                continue;
            }

            found.Add(new FlowConnection(from, port, to));
        }

        return found;
    }

    /// <summary>In counter mode a loop has one entry, or nobody can say what a join in it waits for.</summary>
    public static void Check(Flowchart flowchart, ProblemList problems)
    {
        if (flowchart.Mode != FlowMode.CounterBased)
        {
            return;
        }

        foreach (var start in FlowStart.Possible(flowchart))
        {
            var graph = flowchart.GraphFrom(start);
            foreach (var connection in graph.InvalidBackward.Select(i => graph.Connections[i]))
            {
                problems.Add(flowchart.Id, $"The connection from '{connection.Source.Name}' back to '{connection.Target.Name}' closes a loop that can also be entered elsewhere than at '{connection.Target.Name}'. Lead every way into the loop through one activity.");
            }
        }
    }

    /// <summary>One end of a connection: Elsa's object form, or its older flat form.</summary>
    private static (string? Id, string? Port) End(JsonNode? connection, string name, string flatPort) => (connection as JsonObject)?[name] switch
    {
        JsonObject o => (DefinitionJson.Text(o, "activity"), DefinitionJson.Text(o, "port")),
        JsonValue v when v.GetValueKind() == JsonValueKind.String => (v.GetValue<string>(), DefinitionJson.Text(connection, flatPort)),
        _ => (null, null),
    };
}
