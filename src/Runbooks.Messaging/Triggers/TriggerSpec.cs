using System.Text.Json;
using Runbooks.Workflows.Triggers;

namespace Runbooks.Messaging.Triggers;

/// <summary>A trigger by time as the scheduler keeps it: whoever fires it needs nothing else, whatever its own definitions are.</summary>
internal sealed record TriggerSpec(
    string DefinitionId, string NodeId, TimeSpan? Every, string? Cron, string? TimeZone, DateTimeOffset? At, MisfirePolicy Misfire, WhenBusy WhenBusy)
{
    /// <summary>Null for a trigger that time does not fire.</summary>
    public static TriggerSpec? Of(Trigger trigger) => (trigger.Source as TriggerSource.OnTime)?.Timing switch
    {
        TriggerTiming.Every every => New(trigger) with { Every = every.Interval },
        TriggerTiming.ByCron cron => New(trigger) with { Cron = cron.Expression, TimeZone = cron.TimeZone },
        TriggerTiming.Once once => New(trigger) with { At = once.At },
        _ => null,
    };

    public static TriggerSpec Parse(string text) => JsonSerializer.Deserialize<TriggerSpec>(text)!;

    public string ToText() => JsonSerializer.Serialize(this);

    public TriggerTiming Timing() =>
        Every is { } every ? new TriggerTiming.Every(every)
        : Cron is not null ? new TriggerTiming.ByCron(Cron, TimeZone ?? "UTC")
        : new TriggerTiming.Once(At!.Value);

    public string KeyFor(string occasion) => new Trigger(DefinitionId, NodeId, new TriggerSource.OnTime(Timing()), Misfire, WhenBusy).KeyFor(occasion);

    private static TriggerSpec New(Trigger trigger) => new(trigger.DefinitionId, trigger.NodeId, null, null, null, null, trigger.Misfire, trigger.WhenBusy);
}
