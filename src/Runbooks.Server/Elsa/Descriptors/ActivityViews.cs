using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Server.Elsa.Descriptors;

/// <summary>Turns what the engine knows of its activities into what Studio wants to know. Pure.</summary>
internal static class ActivityViews
{
    public const string NotFoundType = "Elsa.NotFoundActivity";

    private const string Flow = "Flow";
    private const string Embedded = "Embedded";

    /// <summary>Studio has no editor for what is in these: a flowchart does the same, and can be drawn.</summary>
    private static readonly HashSet<string> Undrawable = new(StringComparer.Ordinal) { "Elsa.Parallel", "Elsa.Fork" };

    /// <summary>Studio itself finds the outcomes of these, from their inputs.</summary>
    private static readonly HashSet<string> OutcomesByStudio = new(StringComparer.Ordinal) { "Elsa.FlowSwitch" };

    /// <summary>All activities; a type is listed once, because Studio fails on a second one with the same version.</summary>
    public static IReadOnlyList<ActivityView> All(IEnumerable<ActivityDescriptor> descriptors, FleetLists fleet) =>
        [.. descriptors.DistinctBy(d => (d.TypeName, d.Version)).Select(d => Of(d, fleet)), NotFound];

    public static ActivityView Of(ActivityDescriptor descriptor, FleetLists fleet)
    {
        var dot = descriptor.TypeName.LastIndexOf('.');
        var name = descriptor.TypeName[(dot + 1)..];
        return new ActivityView(
            descriptor.TypeName,
            dot < 0 ? "Workflows" : descriptor.TypeName[..dot],
            name,
            descriptor.Version,
            descriptor.Category,
            descriptor.DisplayName == name && descriptor.WorkflowDefinitionId is null ? Words(name) : descriptor.DisplayName,
            Description(descriptor),
            descriptor.IsTrigger ? "Trigger" : "Action",
            [.. descriptor.RawInputs.Select((i, n) => Input(descriptor, i, n, isWrapped: false, fleet)), .. descriptor.Inputs.Select((i, n) => Input(descriptor, i, descriptor.RawInputs.Count + n, isWrapped: true, fleet))],
            [.. descriptor.Outputs.Select((o, n) => new OutputView(o.Name, TypeAlias.Of(o.ValueType), Words(o.Name), o.Description, n))],
            [.. Outcomes(descriptor).Select(o => new PortView(o, Words(o), Flow)), .. descriptor.EmbeddedPorts.Select(p => new PortView(p, Words(p), Embedded))],
            IsBrowsable: !Undrawable.Contains(descriptor.TypeName),
            IsContainer: descriptor.TypeName is "Elsa.Flowchart" or "Elsa.Sequence",
            IsStart: descriptor.TypeName == "Elsa.Start",
            descriptor.IsTerminal,
            Properties(descriptor));
    }

    /// <summary>Stands for an activity that the product does not know; Studio draws it in that one's place.</summary>
    private static ActivityView NotFound { get; } = new(
        NotFoundType, "Elsa", "NotFoundActivity", 1, "System", "Not found", "This product does not know the activity that stands here. It is kept as it is; a runbook with it can't be published.",
        "Action", [], [], [new PortView("Done", "Done", Flow)], IsBrowsable: false, IsContainer: false, IsStart: false, IsTerminal: false, new Dictionary<string, string>());

    private static InputView Input(ActivityDescriptor activity, InputDescriptor input, int order, bool isWrapped, FleetLists fleet)
    {
        var editor = InputEditors.For(activity, input, fleet);
        return new InputView(
            input.Name,
            TypeAlias.Of(input.ValueType),
            input.DisplayName == input.Name ? Words(input.Name) : input.DisplayName,
            input.Required ? $"{input.Description} Required.".TrimStart() : input.Description,
            order,
            editor.Hint,
            input.Category,
            input.Default?.DeepClone(),
            editor.Syntax,
            isWrapped,
            editor.Specifications);
    }

    private static IEnumerable<string> Outcomes(ActivityDescriptor descriptor) =>
        descriptor.IsTerminal || OutcomesByStudio.Contains(descriptor.TypeName) ? [] : descriptor.Outcomes;

    /// <summary>What an operator should know before it runs, behind what it does.</summary>
    private static string Description(ActivityDescriptor descriptor) => descriptor.Kind switch
    {
        _ when descriptor.WorkflowDefinitionId is not null => descriptor.Description,
        EffectKind.Reads => $"{descriptor.Description} It only looks.",
        EffectKind.Changes when !descriptor.Description.Contains("ndone", StringComparison.Ordinal) => $"{descriptor.Description} Undone when the run fails.",
        EffectKind.Irreversible => $"{descriptor.Description} It is not undone: {descriptor.NoUndoReason}",
        _ => descriptor.Description,
    };

    private static Dictionary<string, string> Properties(ActivityDescriptor descriptor)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal) { ["runbooks:effect"] = descriptor.Kind.ToString().ToLowerInvariant() };
        if (descriptor.WorkflowDefinitionId is { } id)
        {
            properties["RootType"] = "WorkflowDefinitionActivity";
            properties["WorkflowDefinitionId"] = id;
            properties["WorkflowDefinitionVersionId"] = new Workflows.Library.VersionId(id, descriptor.Version).ToString();
        }

        return properties;
    }

    /// <summary>A name in Pascal case as words: <c>SetVariable</c> is <c>Set variable</c>. Runs of capitals stay together.</summary>
    internal static string Words(string name)
    {
        var text = new System.Text.StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = i > 0 && char.IsUpper(name[i]) && (char.IsLower(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1]) && char.IsUpper(name[i - 1])));
            var inCapitals = i + 1 < name.Length && char.IsUpper(name[i + 1]);
            _ = startsWord ? text.Append(' ').Append(inCapitals ? name[i] : char.ToLowerInvariant(name[i])) : text.Append(name[i]);
        }

        return text.ToString();
    }
}
