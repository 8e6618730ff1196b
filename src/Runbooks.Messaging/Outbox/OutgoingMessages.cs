using System.Globalization;
using System.Text.Json.Nodes;
using Runbooks.Messaging.Contracts;

namespace Runbooks.Messaging.Outbox;

/// <summary>Messages of the outbox as what goes over the bus; null for one that can't be read.</summary>
internal static class OutgoingMessages
{
    public static RunStatusChanged? StatusChanged(JsonObject body) =>
        Guid.TryParse((string?)body["runId"], out var run)
        && DateTimeOffset.TryParse((string?)body["at"], CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at)
            ? new RunStatusChanged(
                run,
                (string?)body["runbook"] ?? string.Empty,
                (string?)body["status"] ?? string.Empty,
                (string?)body["reason"],
                at,
                Guid.TryParse((string?)body["parentRunId"], out var parent) ? parent : null)
            : null;

    public static TaskRequested? TaskRequested(JsonObject body) =>
        Guid.TryParse((string?)body["runId"], out var run) && (string?)body["taskId"] is { } task && (string?)body["taskName"] is { } name
            ? new TaskRequested(task, name, body["payload"]?.DeepClone(), run, (string?)body["runbook"] ?? string.Empty, (string?)body["correlationId"])
            : null;
}
