using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.ControlFlow;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.Definitions;

/// <summary>What an activity may not ask for, because it would not happen: refused when it is published, with what to do instead.</summary>
internal static class ActivityRules
{
    /// <summary>Types of Elsa that will not run here, by a part of their name, and what to use.</summary>
    private static readonly (string Part, string Instead)[] Replacements =
    [
        ("Http", "HTTP activities can't run here: a run is started by the API, by a schedule or by an event, and an outside system is called by an activity that can tell whether the call has happened."),
        ("RunCSharp", "Only JavaScript can run: use Elsa.RunJavaScript."),
        ("RunPython", "Only JavaScript can run: use Elsa.RunJavaScript."),
        ("RenderLiquid", "Liquid can't run: write the text as a JavaScript expression."),
        ("ReadLine", "Nobody sits at a console here: give the workflow an input instead."),
        ("SendEmail", "Mail can't be sent from here: publish an event, and send the mail where it is received."),
    ];

    public static string Unknown(string type, JsonObject json, ActivityRegistry registry)
    {
        if (string.Equals(type, "Elsa.NotFoundActivity", StringComparison.Ordinal))
        {
            return $"It is a placeholder for an activity of type '{DefinitionJson.Text(json, "missingTypeName") ?? "unknown"}', which was not known where the definition was saved. Remove it, or import the definition again as it was before.";
        }

        var instead = Replacements.FirstOrDefault(r => type.Contains(r.Part, StringComparison.Ordinal)).Instead;
        return $"Type '{type}' is not known here, so it can't run. {instead ?? $"Known types: {string.Join(", ", registry.Descriptors.Select(d => d.TypeName))}."}";
    }

    /// <summary>Reads the activity's custom properties, and refuses those that would change what it does.</summary>
    public static void ReadCustomProperties(Activity activity, JsonObject json, ProblemList problems)
    {
        if (json["customProperties"] is not JsonObject custom)
        {
            return;
        }

        activity.CanStartWorkflow = DefinitionJson.Flag(custom, "canStartWorkflow");
        if (DefinitionJson.Flag(custom, "runAsynchronously"))
        {
            problems.Add(activity.Id, $"'{activity.Name}' asks to run in the background (runAsynchronously). Untick it: activities that touch the world never keep other branches waiting here.");
        }

        if (custom["resilienceStrategy"] is JsonObject strategy && (DefinitionJson.Text(strategy, "strategyId") ?? DefinitionJson.Text(strategy, "expression")) is { Length: > 0 } named)
        {
            problems.Add(activity.Id, $"'{activity.Name}' asks for the resilience strategy '{named}', which does not exist here. Use the inputs Retries, Retry after and Time limit of the activity.");
        }

        var mode = DefinitionJson.Text(custom, "mergeMode");
        if (mode is null or "" or "None")
        {
            return;
        }

        if (Enum.TryParse<MergeMode>(mode, out var known) && Enum.IsDefined(known))
        {
            activity.MergeMode = known;
        }
        else
        {
            problems.Add(activity.Id, $"The merge mode of '{activity.Name}' is '{mode}'. Known: {string.Join(", ", Enum.GetNames<MergeMode>())}.");
        }
    }

    /// <summary>What makes sense only in its place.</summary>
    public static void CheckPlace(Activity activity, bool inLoop, DefinitionFrame frame, ProblemList problems)
    {
        switch (activity)
        {
            case Break when !inLoop:
                problems.Add(activity.Id, $"'{activity.Name}' is not inside of a loop, so there is nothing that it could end. Use Elsa.End to end a flowchart or sequence.");
                break;
            case SetOutput { OutputName.Expression: Expression.Literal { Value: { } name } } when frame.Outputs.All(o => !string.Equals(o.Name, name.ToString(), StringComparison.OrdinalIgnoreCase)):
                problems.Add(activity.Id, $"The workflow has no output '{name}'. Its outputs: {(frame.Outputs.Count == 0 ? "none" : string.Join(", ", frame.Outputs.Select(o => o.Name)))}.");
                break;
            case Complete { Outcomes.Expression: Expression.Literal literal } when frame.Outcomes is { } declared:
                foreach (var outcome in Texts(literal.Value, activity.Id, problems).Where(o => o != "Done" && !declared.Contains(o, StringComparer.Ordinal)))
                {
                    problems.Add(activity.Id, $"The workflow has no outcome '{outcome}', so whoever uses it as an activity could not follow it. Its outcomes: {string.Join(", ", declared.Append("Done"))}.");
                }

                break;
            case FlowFork { Branches.Expression: Expression.Literal literal }:
                _ = Texts(literal.Value, activity.Id, problems);
                break;
            case RunJavaScript script:
                CheckScript(script, problems);
                break;
        }
    }

    private static void CheckScript(RunJavaScript activity, ProblemList problems)
    {
        if (activity.PossibleOutcomes.Expression is Expression.Literal outcomes)
        {
            _ = Texts(outcomes.Value, activity.Id, problems);
        }

        if (activity.Script.Expression is Expression.Literal { Value: { } code } && ScriptOfActivity.Problem(code.ToString()) is { } problem)
        {
            problems.Add(activity.Id, $"The script of '{activity.Name}' can't run: {problem}");
        }
    }

    private static IReadOnlyList<string> Texts(JsonNode? value, string activityId, ProblemList problems)
    {
        try
        {
            return Names.Of(value, "Outcomes");
        }
        catch (ExpressionException e)
        {
            problems.Add(activityId, e.Message);
            return [];
        }
    }
}

/// <summary>What a definition declares, as its activities see it.</summary>
/// <param name="DefinitionId">Whose it is.</param>
/// <param name="Inputs">Its inputs.</param>
/// <param name="Outputs">Its outputs.</param>
/// <param name="Outcomes">Its outcomes; null when it is not used as an activity, and any may be said.</param>
/// <param name="Mode">How its flowcharts decide.</param>
/// <param name="Within">Ids of the definitions that it is built into, itself last.</param>
internal sealed record DefinitionFrame(
    string DefinitionId,
    IReadOnlyList<ArgumentDefinition> Inputs,
    IReadOnlyList<ArgumentDefinition> Outputs,
    IReadOnlyList<string>? Outcomes,
    FlowMode Mode,
    IReadOnlyList<string> Within);
