using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Expressions;

namespace Runbooks.Workflows.Triggers;

/// <summary>
/// An activity that waits for something in the middle of a run, or starts runs when the definition says so
/// (<c>customProperties.canStartWorkflow</c>). In a run that it has started it completes at once, the first time.
/// </summary>
public abstract class TriggerActivity : Activity
{
    public const string MisfireProperty = "runbooks:misfire";
    public const string WhenBusyProperty = "runbooks:whenBusy";
    public const string TimeZoneProperty = "runbooks:timeZone";

    /// <summary>True: runs start here.</summary>
    public bool StartsRuns { get; private set; }

    public MisfirePolicy Misfire { get; private set; }

    public WhenBusy WhenBusy { get; private set; }

    /// <summary>The zone of wall clock times; UTC when the definition names none.</summary>
    public string TimeZone { get; private set; } = "UTC";

    /// <summary>What it waits for; must be a plain value in an activity that starts runs.</summary>
    protected abstract Input Subject { get; }

    /// <summary>What makes it start runs.</summary>
    /// <exception cref="ExpressionException">The subject does not fit; the message names it.</exception>
    /// <exception cref="FormatException">As above.</exception>
    internal abstract TriggerSource Source();

    /// <summary>Waits in the middle of a run.</summary>
    protected abstract ValueTask WaitAsync(ActivityExecutionContext context);

    /// <summary>Takes in what the trigger, or the stimulus that ended the wait, has brought.</summary>
    protected virtual void Take(ActivityExecutionContext context, JsonNode? payload)
    {
    }

    protected internal sealed override ValueTask ExecuteAsync(ActivityExecutionContext context)
    {
        if (context.StartedBy(this) is not { } trigger)
        {
            return WaitAsync(context);
        }

        Take(context, trigger.Payload);
        context.Complete();
        return ValueTask.CompletedTask;
    }

    protected internal sealed override ValueTask OnResumedAsync(ActivityExecutionContext context, Runs.Bookmark bookmark, JsonNode? input)
    {
        Take(context, input);
        context.Complete();
        return ValueTask.CompletedTask;
    }

    /// <summary>The plain value of the subject.</summary>
    protected T? Plain<T>(Input<T> input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var value = input.Expression is Expression.Literal literal ? literal.Value : input.Default;
        return ValueConversion.To<T>(value, JsonNamingPolicy.CamelCase.ConvertName(input.Name));
    }

    /// <summary>Reads what the definition says of it, and checks that it can do that.</summary>
    internal void ReadTrigger(JsonObject? properties, ProblemList problems)
    {
        StartsRuns = properties?["canStartWorkflow"] is JsonValue value && value.GetValueKind() == JsonValueKind.True;
        Misfire = Choice<MisfirePolicy>(properties, MisfireProperty, problems);
        WhenBusy = Choice<WhenBusy>(properties, WhenBusyProperty, problems);
        if (properties?[TimeZoneProperty]?.ToString() is { Length: > 0 } zone)
        {
            TimeZone = zone;
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out _))
        {
            problems.Add(Id, $"'{TimeZoneProperty}' is '{TimeZone}', which is not a time zone here. Write it like Europe/Berlin.");
            TimeZone = "UTC";
        }

        if (Subject.Expression is not (null or Expression.Literal))
        {
            if (StartsRuns)
            {
                problems.Add(Id, $"'{JsonNamingPolicy.CamelCase.ConvertName(Subject.Name)}' of an activity that starts runs must be a plain value: there is no run yet in which it could be computed.");
            }

            return;
        }

        if ((Subject.Expression ?? (object?)Subject.Default) is null)
        {
            // It is required, and the reader has said so.
            return;
        }

        try
        {
            _ = Source();
        }
        catch (Exception e) when (e is ExpressionException or FormatException)
        {
            problems.Add(Id, e.Message);
        }
    }

    private T Choice<T>(JsonObject? properties, string name, ProblemList problems)
        where T : struct, Enum
    {
        if (properties?[name]?.ToString() is not { Length: > 0 } text)
        {
            return default;
        }

        var known = Enum.GetValues<T>().Cast<T?>().FirstOrDefault(v => string.Equals(v.ToString(), text, StringComparison.OrdinalIgnoreCase));
        if (known is null)
        {
            problems.Add(Id, $"'{name}' is '{text}'; it can be {string.Join(", ", Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName))}.");
        }

        return known ?? default;
    }
}
