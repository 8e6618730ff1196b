using Runbooks.Workflows.Expressions;

namespace Runbooks.Server.Elsa.Descriptors;

/// <summary>What Studio asks for and never changes: expressions, types, strategies.</summary>
internal static class FixedDescriptors
{
    /// <summary>Kinds of expressions. Those that can't be chosen are listed because a definition may hold them.</summary>
    public static object Expressions { get; } = List(
        Expression("Literal", "Literal", isBrowsable: false, null),
        Expression("Object", "Object", isBrowsable: false, "json"),
        Expression("Json", "Json", isBrowsable: false, "json"),
        Expression("Delegate", "Delegate", isBrowsable: false, null),
        Expression("Secret", "Secret", isBrowsable: false, null),
        Expression("JavaScript", "JavaScript", isBrowsable: true, "javascript"),
        Expression("Variable", "Variable", isBrowsable: true, null),
        Expression("Input", "Input", isBrowsable: true, null));

    public static object Variables { get; } = List(
        Variable("String", "Text", "Primitives", "A text."),
        Variable("Boolean", "Boolean", "Primitives", "True or false."),
        Variable("Int32", "Whole number", "Primitives", "A whole number of 32 bits."),
        Variable("Int64", "Long whole number", "Primitives", "A whole number of 64 bits."),
        Variable("Double", "Number", "Primitives", "A number with a fraction."),
        Variable("Decimal", "Decimal", "Primitives", "A number with an exact fraction."),
        Variable("DateTimeOffset", "Date and time", "Primitives", "Such as 2026-01-31T10:00:00Z."),
        Variable("TimeSpan", "Time span", "Primitives", "Such as 00:05:00, five minutes."),
        Variable("Guid", "GUID", "Primitives", "A globally unique id."),
        Variable("Object", "Any value", "Data", "Whatever JSON can hold: a plan, a list of moves."),
        Variable("JsonObject", "Object", "Data", "A JSON object."),
        Variable("JsonArray", "List", "Data", "A JSON array."),
        Variable("ObjectDictionary", "Dictionary", "Data", "Values by name."));

    public static object StorageDrivers { get; } = new
    {
        items = new object[]
        {
            new { typeName = "Elsa.Workflows.WorkflowInstanceStorageDriver, Elsa.Workflows.Core", displayName = "With the run", priority = 5.0, deprecated = false },
            new { typeName = "Elsa.Workflows.MemoryStorageDriver, Elsa.Workflows.Core", displayName = "Memory, until the run waits", priority = 0.0, deprecated = false },
        },
    };

    /// <summary>When a run may start while others are open; the first is the default.</summary>
    public static object ActivationStrategies { get; } = List(
        Strategy("AllowAlwaysStrategy", "Always", "Any number of runs at a time."),
        Strategy("SingletonStrategy", "Singleton", "Not while another run of this runbook is open."),
        Strategy("CorrelationStrategy", "Correlation", "Not while another run of any runbook with the same correlation id is open."),
        Strategy("CorrelatedSingletonStrategy", "Correlated singleton", "Not while another run of this runbook with the same correlation id is open."));

    public static object IncidentStrategies { get; } = List(
        Strategy("FaultStrategy", "Fail and undo", "The run fails, and what it has changed is undone, last first."),
        Strategy("ContinueWithIncidentsStrategy", "Continue", "The path stops; others go on, and a person retries or skips the step."));

    /// <summary>What is kept of a run. Here a step is always kept whole: undoing it and proving what was done need it.</summary>
    public static object LogPersistenceStrategies { get; } = List(
        Strategy("Elsa.Workflows.LogPersistence.Strategies.Include, Elsa.Workflows.Core", "Include", "Kept. Here every step is kept with its inputs and outputs."));

    /// <summary>Empty: this engine commits before and after every effect, and nothing else would be safe.</summary>
    public static object CommitStrategies { get; } = List();

    public static object OutputConverters { get; } = List();

    public static object Features { get; } = List(
        new { name = "RealTimeWorkflowUpdates", @namespace = "Elsa", fullName = "Elsa.RealTimeWorkflowUpdates", displayName = "Live runs", description = "Runs are shown as they go." });

    public static object List(params object[] items) => new { items, count = items.Length };

    private static object Expression(string type, string name, bool isBrowsable, string? language) => new
    {
        type,
        displayName = name,
        isSerializable = type != "Delegate",
        isBrowsable,
        properties = language is null ? [] : new Dictionary<string, string>(StringComparer.Ordinal) { ["MonacoLanguage"] = language },
    };

    private static object Variable(string alias, string name, string category, string description) =>
        TypeAlias.Find(alias) is null
            ? throw new InvalidOperationException($"Type {alias} is offered to Studio and the engine does not know it.")
            : new { typeName = alias, displayName = name, category, description };

    private static object Strategy(string typeName, string displayName, string description) => new { typeName, displayName, description };
}
