using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Children;
using Runbooks.Workflows.Compensation;
using Runbooks.Workflows.ControlFlow;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.Activities;

/// <summary>
/// The activity types that this process can run. The only place that uses reflection on activities: it reads their
/// attributes once, at registration.
/// </summary>
public sealed class ActivityRegistry
{
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>A registry that holds the activities of Elsa which the engine itself brings.</summary>
    public static ActivityRegistry WithElsaActivities() => new ActivityRegistry()
        .Add<Start>().Add<End>().Add<Finish>().Add<Fault>().Add<WriteLine>()
        .Add<Sequence>().Add<Flowchart>().Add<ControlFlow.Parallel>().Add<Fork>()
        .Add<If>().Add<Switch>().Add<FlowDecision>().Add<FlowSwitch>().Add<FlowFork>().Add<FlowJoin>()
        .Add<While>().Add<For>().Add<ForEach>().Add<ParallelForEach>().Add<Break>()
        .Add<SetVariable>().Add<SetOutput>().Add<SetName>().Add<Correlate>().Add<Complete>().Add<RunJavaScript>().Add<Delay>()
        .Add<ExecuteWorkflow>().Add<DispatchWorkflow>().Add<BulkDispatchWorkflows>()
        .Add<Triggers.Timer>().Add<Triggers.CronTrigger>().Add<Triggers.StartAt>()
        .Add<Events.WaitForEvent>().Add<Events.PublishEvent>().Add<Events.RunTask>()
        .Add<CompensableActivity>().Add<Compensate>().Add<Confirm>().Add<TransactionScope>()
        .Add<Approvals.RequestApproval>();

    public IEnumerable<ActivityDescriptor> Descriptors => entries.Values.Select(e => e.Descriptor).OrderBy(d => d.TypeName, StringComparer.Ordinal);

    /// <exception cref="InvalidOperationException">The type lacks <see cref="ActivityAttribute"/>, or its name is taken.</exception>
    public ActivityRegistry Add<T>()
        where T : Activity, new()
    {
        var type = typeof(T);
        var attribute = type.GetCustomAttribute<ActivityAttribute>()
            ?? throw new InvalidOperationException($"{type} has no [Activity] attribute.");
        var name = $"{attribute.Namespace}.{attribute.TypeName ?? type.Name}";
        var sample = new T();
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance);
        var descriptor = new ActivityDescriptor(
            name,
            attribute.Version,
            attribute.Category,
            attribute.DisplayName ?? attribute.TypeName ?? type.Name,
            attribute.Description,
            sample is EffectActivity effect ? effect.Kind : EffectKind.Pure,
            sample is IrreversibleActivity irreversible ? irreversible.NoUndoReason : null,
            [.. properties.Where(p => p.PropertyType.IsAssignableTo(typeof(Input))).Select(DescribeInput)],
            [.. properties.Where(p => p.PropertyType.IsAssignableTo(typeof(Output))).Select(DescribeOutput)],
            type.GetCustomAttribute<FlowNodeAttribute>()?.Outcomes ?? ["Done"],
            [.. properties.Where(IsPort).Select(p => p.Name)],
            type.IsDefined(typeof(TerminalAttribute)),
            sample is IContainer)
        {
            RawInputs = [.. properties.Where(IsRaw).Select(DescribeRaw)],
            IsTrigger = sample is Triggers.TriggerActivity,
        };
        if (!entries.TryAdd(name, new Entry(descriptor, static () => new T(), properties)))
        {
            throw new InvalidOperationException($"Activity type {name} is registered twice.");
        }

        return this;
    }

    public ActivityDescriptor? Find(string typeName) => entries.TryGetValue(typeName, out var entry) ? entry.Descriptor : null;

    /// <summary>A new, empty activity with its inputs and outputs named; null when the type is unknown.</summary>
    internal Activity? Create(string typeName)
    {
        if (!entries.TryGetValue(typeName, out var entry))
        {
            return null;
        }

        var activity = entry.Make();
        activity.Type = typeName;
        activity.Descriptor = entry.Descriptor;
        activity.Inputs = [.. Values<Input>(activity, entry)];
        activity.Outputs = [.. Values<Output>(activity, entry)];
        foreach (var (input, described) in activity.Inputs.Zip(entry.Descriptor.Inputs))
        {
            input.Name = described.Name;
            input.Default = described.Default;
        }

        foreach (var (output, described) in activity.Outputs.Zip(entry.Descriptor.Outputs))
        {
            output.Name = described.Name;
        }

        return activity;
    }

    internal void SetPort(Activity activity, string port, Activity child) =>
        Property(activity, port).SetValue(activity, child);

    /// <summary>Properties that hold a raw value instead of an expression (Elsa: unwrapped inputs).</summary>
    internal IEnumerable<PropertyInfo> RawProperties(Activity activity) =>
        entries.TryGetValue(activity.Type, out var entry) ? entry.Properties.Where(p => p.PropertyType == typeof(VariableReference)) : [];

    private static bool IsRaw(PropertyInfo property) =>
        property.PropertyType == typeof(VariableReference) || property.PropertyType == typeof(IReadOnlyList<SwitchCase>);

    private static InputDescriptor DescribeRaw(PropertyInfo property) => property.PropertyType == typeof(VariableReference)
        ? new(property.Name, property.PropertyType, property.Name, "The variable.", Required: true, null, "variable-picker", null)
        : new(property.Name, property.PropertyType, property.Name, "The cases: label and condition, and of a Switch the activity.", Required: false, null, "switch-editor", null);

    private static IEnumerable<T> Values<T>(Activity activity, Entry entry)
        where T : class =>
        entry.Properties.Where(p => p.PropertyType.IsAssignableTo(typeof(T))).Select(p => (T)p.GetValue(activity)!);

    private static bool IsPort(PropertyInfo property) => property.IsDefined(typeof(PortAttribute));

    private static InputDescriptor DescribeInput(PropertyInfo property)
    {
        var attribute = property.GetCustomAttribute<InputAttribute>() ?? new InputAttribute();
        var defaultValue = attribute.DefaultValue is null ? null : JsonSerializer.SerializeToNode(attribute.DefaultValue, ValueConversion.Json);
        return new InputDescriptor(
            property.Name,
            property.PropertyType.GetGenericArguments()[0],
            attribute.DisplayName ?? property.Name,
            attribute.Description,
            attribute.Required,
            defaultValue,
            attribute.UiHint,
            attribute.Category)
        {
            Choices = attribute.Choices,
        };
    }

    private static OutputDescriptor DescribeOutput(PropertyInfo property) =>
        new(property.Name, property.PropertyType.GetGenericArguments()[0], property.GetCustomAttribute<OutputAttribute>()?.Description ?? "");

    private PropertyInfo Property(Activity activity, string name) =>
        entries[activity.Type].Properties.First(p => string.Equals(p.Name, name, StringComparison.Ordinal));

    private sealed record Entry(ActivityDescriptor Descriptor, Func<Activity> Make, PropertyInfo[] Properties);
}
