using System.Text.Json.Nodes;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Cluster.Fixture;

/// <summary>The runbooks of the tests, as files in Elsa's format.</summary>
public static class Runbook
{
    /// <summary>Nothing but a beginning and an end.</summary>
    public static string Empty { get; } = Definition.Of("empty", Definition.Sequence("s", Definition.Activity("nothing", "Elsa.Start")));

    /// <summary>Two effects.</summary>
    public static string Short { get; } = Definition.Of("short", Definition.Sequence("s", Make("a"), Make("b")));

    /// <summary>Effects, a delay and a child run.</summary>
    public static string Long { get; } = Definition.Of(
        "long", Definition.Sequence("s", Make("a", 20), Delay("later", 150), Make("b", 20), Child("child", "short"), Make("c", 10)));

    /// <summary>Two branches side by side, which join.</summary>
    public static string Wide { get; } = Definition.Of(
        "wide", Definition.Flowchart("f", "a -> b; a -> c; b -> d; c -> d", Make("a", 10), Make("b", 40), Make("c", 20), Make("d", 10)));

    /// <summary>Three effects and a child, and then a failure: all is undone.</summary>
    public static string Failing { get; } = Definition.Of(
        "failing", Definition.Sequence("s", Make("a", 10), Make("b", 10), Child("child", "short"), Make("c", 10), Make("fails", fails: true)));

    /// <summary>One effect that takes its time, and one behind it.</summary>
    public static string Slow(int millis) => Definition.Of("slow", Definition.Sequence("s", Make("a", millis), Make("b")));

    /// <summary>A look that takes its time, and an effect behind it.</summary>
    public static string SlowLook(int millis) => Definition.Of(
        "look", Definition.Sequence("s", Definition.Activity("l", "Cluster.Look", ("millis", Definition.Literal(millis, "Int32"))), Make("a")));

    public static JsonObject Make(string id, int millis = 0, bool fails = false, string type = "Cluster.Make") => Definition.Activity(
        id,
        type,
        ("thing", Definition.Literal(id)),
        ("millis", Definition.Literal(millis, "Int32")),
        ("fails", Definition.Literal(fails, "Boolean")));

    public static JsonObject Delay(string id, int millis) =>
        Definition.Activity(id, "Elsa.Delay", ("timeSpan", Definition.Literal(TimeSpan.FromMilliseconds(millis).ToString(), "TimeSpan")));

    public static JsonObject Child(string id, string runbook) =>
        Definition.Activity(id, "Elsa.ExecuteWorkflow", ("workflowDefinitionId", Definition.Literal(runbook)));
}
