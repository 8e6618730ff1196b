namespace Runbooks.Messaging.Contracts;

/// <summary>A measured value crossed a threshold. Sent to the server by whatever watches the fleet.</summary>
/// <param name="EventId">Identity of the crossing; the same event delivered again, by whomever, has the same id.</param>
/// <param name="Pool">The pool in which it happened.</param>
/// <param name="Host">The host; null when it is about the pool as a whole.</param>
/// <param name="Metric">What was measured, such as <c>cpu-load</c>.</param>
/// <param name="Value">The value that was measured.</param>
/// <param name="Threshold">The threshold that it crossed.</param>
/// <param name="Direction"><c>rising</c> or <c>falling</c>.</param>
/// <param name="At">When.</param>
/// <param name="Source">Who says so.</param>
public sealed record ThresholdCrossed(
    Guid EventId,
    string Pool,
    string? Host,
    string Metric,
    double Value,
    double Threshold,
    string Direction,
    DateTimeOffset At,
    string Source);
