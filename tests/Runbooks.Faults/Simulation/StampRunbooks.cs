using System.Text.Json.Nodes;
using static Runbooks.Workflows.Tests.Engine.Definition;

namespace Runbooks.Faults.Simulation;

/// <summary>Small runbooks with everything that control flow has: branches side by side, joins, loops, waits, children, failure.</summary>
internal static class StampRunbooks
{
    public static IReadOnlyList<string> Ids { get; } = ["stamp-branches", "stamp-loop", "stamp-rounds", "stamp-family", "stamp-failing", "stamp-orphan"];

    public static IReadOnlyList<string> All { get; } =
    [
        Of("stamp-branches", Flowchart("flow", "start -> a; start -> b; start -> c; a -> join; b -> join; c -> late; late -> join; join -> last",
            Activity("start", "Elsa.Start"), Stamp("a", 1), Stamp("b", 3), Stamp("c", 2), Wait("late", 4), Stamp("join", 1), Activity("last", "Simulation.CountStamps"))),
        Of("stamp-loop", Activity("each", "Elsa.ForEach",
            ("items", Wrapped("Object", "Object", "[1, 2, 3]")),
            ("body", Sequence("body", Stamp("mark", 1), Wait("pause", 3))))),
        Of("stamp-rounds", Flowchart("flow", "start -> mark; mark -> count; count -> more; more:True -> mark; more:False -> seal",
            Activity("start", "Elsa.Start"), Stamp("mark", 1),
            Activity("count", "Elsa.SetVariable", ("variable", Variable("Round")), ("value", Script("variables.Round + 1"))),
            Activity("more", "Elsa.FlowDecision", ("condition", Script("variables.Round < 3", "Boolean"))),
            Activity("seal", "Simulation.Brand")), ("Round", "Int32", "0")),
        Of("stamp-family", Sequence("s", Stamp("first", 1), Child("loop", "stamp-loop"), Stamp("second", 2), Child("branches", "stamp-branches"), Stamp("third", 1))),
        Of("stamp-failing", Sequence("s",
            Stamp("first", 1),
            Flowchart("flow", "start -> a; start -> b; a -> c; b -> c", Activity("start", "Elsa.Start"), Stamp("a", 2), Stamp("b", 4), Stamp("c", 1)),
            Activity("seal", "Simulation.Brand"), Wait("pause", 5), Stamp("last", 1), Fault("stop"))),

        // One branch fails while others work and a child is waited for.
        Of("stamp-orphan", Flowchart("flow", "start -> a; start -> child; start -> wait; wait -> stop",
            Activity("start", "Elsa.Start"), Stamp("a", 20), Child("child", "stamp-loop"), Wait("wait", 6), Fault("stop"))),
    ];

    private static JsonObject Stamp(string id, int seconds) => Activity(id, "Simulation.Stamp", ("takes", Literal(TimeSpan.FromSeconds(seconds).ToString("c"), "TimeSpan")));

    private static JsonObject Wait(string id, int seconds) => Activity(id, "Elsa.Delay", ("timeSpan", Literal(TimeSpan.FromSeconds(seconds).ToString("c"), "TimeSpan")));

    private static JsonObject Child(string id, string runbook) => Activity(id, "Elsa.ExecuteWorkflow", ("workflowDefinitionId", Literal(runbook)));

    private static JsonObject Variable(string name) => new() { ["id"] = $"v-{name}", ["name"] = name };
}
