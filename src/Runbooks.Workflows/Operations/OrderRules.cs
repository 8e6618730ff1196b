using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Operations;

/// <summary>
/// Which orders a run takes as it stands. Pure: the worker that carries an order out looks again, because the run may have
/// moved on in between.
/// </summary>
public static class OrderRules
{
    /// <summary>What may be asked of the run now.</summary>
    public static IReadOnlyList<RunVerb> Allowed(RunFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return [.. RunVerbs.All.Where(v => WhyNot(v, facts) is null)];
    }

    /// <summary>What may be asked about a step that needs a person.</summary>
    public static IReadOnlyList<RunVerb> AllowedOn(IncidentKind kind) =>
        kind == IncidentKind.Failed ? [RunVerb.Retry, RunVerb.Skip] : [RunVerb.Retry, RunVerb.Resolve];

    /// <summary>Why the order is not passed on; null when it is.</summary>
    public static OrderRefusal? Check(RunOrder order, RunFacts facts)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(facts);
        if (FieldsOf(order) is { } wrong)
        {
            return wrong;
        }

        if (order.Step is { } number && facts.Step(number) is null)
        {
            return new OrderRefusal.Invalid("step", $"The run has no step {number}; it has {(facts.Steps.Count == 0 ? "none yet" : $"1 to {facts.Steps.Max(s => s.Number)}")}.");
        }

        return WhyNot(order.Verb, facts) is { } why ? new OrderRefusal.NotNow(why)
            : order.Step is { } at ? CheckStep(order, facts, facts.Step(at)!)
            : null;
    }

    /// <summary>True for a step from which its run may be restarted.</summary>
    public static bool MayRestartFrom(ActivityExecution step, RunFacts facts) => WhyNotFrom(step, facts) is null;

    private static string? WhyNot(RunVerb verb, RunFacts facts)
    {
        var run = facts.Run;
        return verb switch
        {
            RunVerb.Restart => facts.IsOpen ? "It has not ended; cancel it first." : null,
            RunVerb.Undo => run.Status != RunStatus.Finished ? facts.IsOpen ? "Only a finished run can be undone; cancel this one instead." : "Only a finished run can be undone; what this one had changed was undone when it ended."
                : run is { ParentRunId: { } parent, ParentBookmarkId: not null } ? $"It is a part of run {parent}, which answers for it; undo that one." : null,
            _ when !facts.IsOpen => "It has ended.",
            RunVerb.Pause => run.PausedBy is { } by ? $"It is paused already, by {by}" : null,
            RunVerb.Resume => run.PausedBy is null ? "It is not paused." : null,
            RunVerb.Cancel => facts.GoesBack ? "What it had changed is being undone already." : null,
            RunVerb.Retry => run.Status == RunStatus.NeedsAttention || Has(facts, k => true) ? null : "Nothing of it has failed.",
            RunVerb.Skip => Has(facts, k => k == IncidentKind.Failed) ? null : "No step of it has failed and waits.",
            RunVerb.Resolve => Has(facts, k => k != IncidentKind.Failed) ? null : "The outcome of each of its steps is known.",
            RunVerb.RestartFrom => facts.GoesBack ? "What it had changed is being undone." : facts.Steps.Any(s => MayRestartFrom(s, facts)) ? null : "No step of it can be restarted now.",
            _ => null,
        };
    }

    private static bool Has(RunFacts facts, Func<IncidentKind, bool> wanted) => facts.Steps.Any(s => facts.IncidentOf(s) is { } kind && wanted(kind));

    private static OrderRefusal.Invalid? FieldsOf(RunOrder order)
    {
        var takesStep = order.Verb is RunVerb.Retry or RunVerb.Skip or RunVerb.Resolve or RunVerb.RestartFrom;
        return order.Step is null && takesStep && order.Verb != RunVerb.Retry ? new OrderRefusal.Invalid("step", $"'{order.Verb.Word()}' needs the number of a step.")
            : order.Step is not null && !takesStep ? new OrderRefusal.Invalid("step", $"'{order.Verb.Word()}' is about the whole run.")
            : order.Inputs is not null && order.Verb is not (RunVerb.Retry or RunVerb.RestartFrom or RunVerb.Restart) ? new OrderRefusal.Invalid("inputs", $"'{order.Verb.Word()}' takes no inputs.")
            : order is { Inputs: not null, Verb: RunVerb.Retry, Step: null } ? new OrderRefusal.Invalid("step", "Inputs are those of one step; name it.")
            : (order.Outcome is not null || order.Outputs is not null) && order.Verb is not (RunVerb.Skip or RunVerb.Resolve) ? new OrderRefusal.Invalid(order.Outcome is null ? "outputs" : "outcome", $"'{order.Verb.Word()}' takes neither outcome nor outputs.")
            : order.Verb == RunVerb.Resolve && order.Found is not ("done" or "notDone") ? new OrderRefusal.Invalid("found", $"Say what was found: done or notDone; found '{order.Found}'.")
            : order.Verb != RunVerb.Resolve && order.Found is not null ? new OrderRefusal.Invalid("found", $"'{order.Verb.Word()}' does not ask what was found.")
            : null;
    }

    private static OrderRefusal? CheckStep(RunOrder order, RunFacts facts, ActivityExecution step)
    {
        var kind = facts.IncidentOf(step);
        var name = $"Step {step.Number} ({facts.NameOf(step)})";
        if (order.Verb == RunVerb.RestartFrom)
        {
            return WhyNotFrom(step, facts) is { } why ? new OrderRefusal.NotNow(why) : CheckInputs(order, facts, step);
        }

        if (kind is null || !AllowedOn(kind.Value).Contains(order.Verb))
        {
            var open = facts.Incidents().Where(i => i.Allowed.Contains(order.Verb)).Select(i => i.Step.Number);
            return new OrderRefusal.NotNow($"{name} is {StateOf(step, kind)}, so there is nothing to {order.Verb.Word()}. Steps that can be asked now: {string.Join(", ", open)}.");
        }

        return CheckInputs(order, facts, step) ?? CheckOutcome(order, facts, step);
    }

    private static string StateOf(ActivityExecution step, IncidentKind? kind) => kind switch
    {
        IncidentKind.Failed => "failed",
        IncidentKind.Unknown => "of unknown outcome",
        IncidentKind.UndoFailed => "done and could not be undone",
        _ => step.Status.ToString().ToLowerInvariant(),
    };

    private static string? WhyNotFrom(ActivityExecution step, RunFacts facts)
    {
        var name = $"Step {step.Number} ({facts.NameOf(step)})";
        if (step.ParentNumber is not { } number || facts.Step(number) is not { } parent)
        {
            return $"{name} is the run's root; restart the run instead.";
        }

        if (parent.Status != ActivityStatus.Running)
        {
            return $"{name} lies in '{facts.NameOf(parent)}', which has ended; restart from step {parent.Number}.";
        }

        return facts.ActivityOf(parent) is IRewindable ? null : $"{name} lies in '{facts.NameOf(parent)}', which is neither a flowchart nor a sequence; restart from step {parent.Number}.";
    }

    private static OrderRefusal.Invalid? CheckInputs(RunOrder order, RunFacts facts, ActivityExecution step)
    {
        var known = facts.ActivityOf(step)?.Inputs ?? [];
        foreach (var (name, value) in order.Inputs ?? [])
        {
            if (known.FirstOrDefault(i => Same(i.Name, name)) is not { } input)
            {
                return new OrderRefusal.Invalid($"inputs.{name}", $"{step.ActivityType} has no such input. Its inputs: {string.Join(", ", known.Select(i => i.Name))}.");
            }

            if (input.Expression is Expression.Secret secret)
            {
                return new OrderRefusal.Invalid($"inputs.{name}", $"It is secret '{secret.Name}'; change the secret and retry.");
            }

            try
            {
                _ = ValueConversion.To(value, input.ValueType, input.Name);
            }
            catch (ExpressionException e)
            {
                return new OrderRefusal.Invalid($"inputs.{name}", e.Message);
            }
        }

        return null;
    }

    private static OrderRefusal.Invalid? CheckOutcome(RunOrder order, RunFacts facts, ActivityExecution step)
    {
        if (facts.ActivityOf(step) is not { } activity)
        {
            return null;
        }

        if (order.Outcome is { } outcome && !activity.Descriptor.Outcomes.Contains(outcome, StringComparer.Ordinal))
        {
            return new OrderRefusal.Invalid("outcome", $"{step.ActivityType} has no outcome '{outcome}'. Its outcomes: {string.Join(", ", activity.Descriptor.Outcomes)}.");
        }

        foreach (var (name, value) in order.Outputs ?? [])
        {
            if (activity.Outputs.FirstOrDefault(o => Same(o.Name, name)) is not { } output)
            {
                return new OrderRefusal.Invalid($"outputs.{name}", $"{step.ActivityType} has no such output. Its outputs: {string.Join(", ", activity.Outputs.Select(o => o.Name))}.");
            }

            try
            {
                _ = ValueConversion.To(value, output.ValueType, output.Name);
            }
            catch (ExpressionException e)
            {
                return new OrderRefusal.Invalid($"outputs.{name}", e.Message);
            }
        }

        return null;
    }

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
