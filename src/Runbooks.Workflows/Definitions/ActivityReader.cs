using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Children;
using Runbooks.Workflows.ControlFlow;

namespace Runbooks.Workflows.Definitions;

/// <summary>What the reading of one definition and of all that is built into it shares.</summary>
/// <param name="Registry">The activity types.</param>
/// <param name="Find">Finds a workflow that is used as an activity; null when it does not exist.</param>
internal sealed record ActivityReading(ActivityRegistry Registry, Func<WorkflowReference, WorkflowDefinition?> Find)
{
    /// <summary>Activities of one definition, all that is built in counted: what builds itself in twice on ten levels has a thousand copies.</summary>
    private const int MaxActivities = 10_000;

    public Dictionary<string, Activity> ByNodeId { get; } = new(StringComparer.Ordinal);

    public List<WorkflowReference> Uses { get; } = [];

    public bool IsFull => ByNodeId.Count >= MaxActivities;

    public static int Most => MaxActivities;
}

/// <summary>Where an activity stands.</summary>
internal readonly record struct Place(string ParentNodeId, IReadOnlyList<VariableDefinition> Scope, int Depth, bool InLoop);

/// <summary>Reads the tree of activities of one definition.</summary>
internal sealed class ActivityReader(ActivityReading reading, DefinitionFrame frame, ProblemList problems)
{
    private const int MaxDepth = 64;

    private readonly HashSet<string> ids = new(StringComparer.Ordinal);
    private bool saidFull;

    public Activity? Read(JsonObject json, Place place)
    {
        var id = DefinitionJson.Text(json, "id");
        var type = DefinitionJson.Text(json, "type");
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(type))
        {
            problems.Add(id, "An activity needs 'id' and 'type'.");
            return null;
        }

        if (!ids.Add(id))
        {
            problems.Add(id, "Two activities have this id; ids are unique within a definition.");
            return null;
        }

        if (id.Contains(':', StringComparison.Ordinal))
        {
            problems.Add(id, "An id may not contain a colon: it separates the ids in a path.");
            return null;
        }

        if (place.Depth > MaxDepth)
        {
            problems.Add(id, $"Activities are nested deeper than {MaxDepth}.");
            return null;
        }

        if (reading.IsFull)
        {
            if (!saidFull)
            {
                problems.Add(id, $"The definition has more than {ActivityReading.Most} activities, those of workflows that are built in counted. Start parts of it as runs of their own (Elsa.ExecuteWorkflow).");
            }

            saidFull = true;
            return null;
        }

        return Create(id, type, json) is { } activity ? Read(activity, id, json, place) : null;
    }

    private Activity? Create(string id, string type, JsonObject json)
    {
        if (reading.Registry.Create(type) is { } known)
        {
            return known;
        }

        if (Composition.ReferenceOf(json) is { } reference)
        {
            return new CompositeReader(reading, frame, problems).Create(id, reference);
        }

        problems.Add(id, ActivityRules.Unknown(type, json, reading.Registry));
        return null;
    }

    private Activity Read(Activity activity, string id, JsonObject json, Place place)
    {
        activity.Id = id;
        activity.NodeId = $"{place.ParentNodeId}:{id}";
        activity.Name = DefinitionJson.Text(json, "name") is { Length: > 0 } name ? name : id;
        activity.DisplayText = DefinitionJson.Text(json["metadata"], "displayText") is { Length: > 0 } text ? text : activity.Name;
        reading.ByNodeId[activity.NodeId] = activity;
        ActivityRules.ReadCustomProperties(activity, json, problems);
        if (activity is not WorkflowActivity)
        {
            activity.Variables = VariableReader.Variables(json, id, problems);
        }

        var scope = (IReadOnlyList<VariableDefinition>)(activity.Variables.Count == 0 ? place.Scope : [.. activity.Variables, .. place.Scope]);
        new InputReader(reading.Registry, frame, problems).Read(activity, json, scope);
        (activity as Triggers.TriggerActivity)?.ReadTrigger(json["customProperties"] as JsonObject, problems);
        var inside = new Place(activity.NodeId, scope, place.Depth + 1, place.InLoop || activity is ILoop);
        var children = new List<Activity>();
        if (activity is WorkflowActivity composite)
        {
            children.AddRange(new CompositeReader(reading, frame, problems).ReadInside(composite, inside));
        }

        ReadCases(activity, json, inside, children);
        ReadPorts(activity, json, inside, children);
        if (activity is IContainer container)
        {
            container.Activities = [.. ReadAll(json[container.Field] as JsonArray, activity, inside)];
            children.AddRange(container.Activities);
        }

        if (activity is Flowchart flowchart)
        {
            flowchart.Mode = frame.Mode;
            flowchart.StartId = json["start"] is JsonValue start ? start.ToString() : DefinitionJson.Text(json["start"], "id");
            flowchart.Connections = ConnectionReader.Read(flowchart, json["connections"] as JsonArray ?? [], problems);
            ConnectionReader.Check(flowchart, problems);
        }

        activity.Children = children;
        ActivityRules.CheckPlace(activity, place.InLoop, frame, problems);
        return activity;
    }

    private IEnumerable<Activity> ReadAll(JsonArray? items, Activity parent, Place inside)
    {
        foreach (var item in items ?? [])
        {
            if (item is not JsonObject child)
            {
                problems.Add(parent.Id, $"'{((IContainer)parent).Field}' holds something that is not an activity.");
            }
            else if (Read(child, inside) is { } activity)
            {
                yield return activity;
            }
        }
    }

    private void ReadPorts(Activity activity, JsonObject json, Place inside, List<Activity> children)
    {
        foreach (var port in activity.Descriptor.EmbeddedPorts)
        {
            // A handler runs on the way back, when the loop around it is long over.
            var place = port.EndsWith("Handler", StringComparison.Ordinal) ? inside with { InLoop = false } : inside;
            if (json[JsonNamingPolicy.CamelCase.ConvertName(port)] is JsonObject childJson && Read(childJson, place) is { } child)
            {
                reading.Registry.SetPort(activity, port, child);
                children.Add(child);
            }
        }
    }

    private void ReadCases(Activity activity, JsonObject json, Place inside, List<Activity> children)
    {
        if (activity is not ISwitch choice)
        {
            return;
        }

        var found = new List<SwitchCase>();
        foreach (var item in json["cases"] as JsonArray ?? [])
        {
            if (DefinitionJson.Text(item, "label") is not { Length: > 0 } label)
            {
                problems.Add(activity.Id, $"A case of '{activity.Name}' has no label.");
                continue;
            }

            var condition = new Input<bool> { Name = $"condition of case '{label}'" };
            var written = item!["condition"] as JsonObject;
            if ((written?["expression"] as JsonObject ?? written) is { } expression)
            {
                condition.Expression = new ExpressionReader(problems, frame.Inputs, inside.Scope).Read(activity.Id, condition, expression);
            }

            var child = item["activity"] is JsonObject childJson ? Read(childJson, inside) : null;
            if (child is not null)
            {
                children.Add(child);
            }

            found.Add(new SwitchCase(label, condition, child));
        }

        choice.Cases = found;
    }
}
