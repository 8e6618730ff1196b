using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Runbooks.Server.Runs;
using Runbooks.Server.Views;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Api;

/// <summary>
/// A run as server-sent events. <c>journal</c> events carry the entry's sequence as their id, so a stream that was cut
/// goes on behind the last one that arrived and loses nothing. <c>progress</c> and <c>run</c> events have no id: only their
/// latest value matters. The stream ends with <c>end</c>.
/// </summary>
internal static class RunEventStream
{
    private const int Page = 500;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    public static async Task<IResult> OpenAsync(string id, HttpRequest request, IRunStore store, RunRequests requests, TimeProvider clock, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        if (!RunId.TryParse(id, out var run) || await store.FindAsync(run, cancellationToken) is null)
        {
            return Problems.NoSuchRun(id);
        }

        var last = request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } header ? header : request.Query["after"].ToString();
        if (!long.TryParse(last.Length > 0 ? last : "0", out var after) || after < 0)
        {
            return Problems.Invalid(Problems.InvalidQuery, "The place to resume is not valid", [("Last-Event-ID", $"'{last}' is not a sequence number.")]);
        }

        return TypedResults.ServerSentEvents(FollowAsync(run, after, store, requests, clock, lifetime, cancellationToken));
    }

    private static async IAsyncEnumerable<SseItem<string>> FollowAsync(
        RunId id, long after, IRunStore store, RunRequests requests, TimeProvider clock, IHostApplicationLifetime lifetime, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (lastRun, lastProgress) = ("", "");
        while (!lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The head is read before the journal: when it says "ended", the journal behind it is complete.
            if (await requests.DetailAsync(id, cancellationToken) is not { } detail)
            {
                yield break;
            }

            IReadOnlyList<JournalEntry> entries;
            do
            {
                entries = await store.JournalAsync(id, after, Page, cancellationToken);
                foreach (var entry in entries)
                {
                    after = entry.Sequence;
                    yield return new SseItem<string>(Json(entry), "journal") { EventId = after.ToString() };
                }
            }
            while (entries.Count == Page);

            var progress = Json(detail.Steps.Where(s => s is { Status: ActivityStatus.Running, Progress: not null }).Select(s => new { step = s.Number, name = s.Name, progress = s.Progress }));
            if (progress.Length > 2 && !string.Equals(progress, lastProgress, StringComparison.Ordinal))
            {
                lastProgress = progress;
                yield return new SseItem<string>(progress, "progress");
            }

            var head = Json(new { run = detail.Run, stages = detail.Stages, children = detail.Children });
            if (!string.Equals(head, lastRun, StringComparison.Ordinal))
            {
                lastRun = head;
                yield return new SseItem<string>(head, "run");
            }

            if (detail.Run.Ended)
            {
                yield return new SseItem<string>(Json(detail.Run), "end");
                yield break;
            }

            await Task.Delay(Poll, clock, cancellationToken);
        }
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, ViewJson.Options);
}
