using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runbooks.Cli.Api;

/// <summary>An answer of the server that is not the one hoped for, or none.</summary>
internal sealed class ApiFailure(string message, int exitCode) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}

/// <summary>The server's API, as JSON: the command line shows what it gets and knows no types of the server.</summary>
internal sealed class FleetApi(Uri server) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient http = new() { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), HttpCompletionOption.ResponseContentRead, cancellationToken);
        return await ReadAsync(answer, cancellationToken);
    }

    public async Task<JsonNode> PostAsync(string path, JsonObject body, string? idempotencyKey, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using var answer = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
        return await ReadAsync(answer, cancellationToken);
    }

    /// <summary>Follows a run until it ends. A stream that breaks is taken up again behind the last entry that arrived.</summary>
    public async IAsyncEnumerable<(string Event, JsonNode Data)> FollowAsync(string run, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = "0";
        for (var failures = 0; ;)
        {
            await using var events = StreamAsync(run, last, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                SseItem<string> item;
                try
                {
                    if (!await events.MoveNextAsync())
                    {
                        break;
                    }

                    item = events.Current;
                }
                catch (Exception e) when (e is HttpRequestException or IOException)
                {
                    break;
                }

                failures = 0;
                last = item.EventId ?? last;
                yield return (item.EventType, JsonNode.Parse(item.Data)!);
                if (string.Equals(item.EventType, "end", StringComparison.Ordinal))
                {
                    yield break;
                }
            }

            if (++failures > 10)
            {
                throw Unreachable("the connection broke again and again");
            }

            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellationToken);
        }
    }

    public void Dispose() => http.Dispose();

    private async IAsyncEnumerable<SseItem<string>> StreamAsync(string run, string last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/runs/{Uri.EscapeDataString(run)}/events");
        request.Headers.Add("Last-Event-ID", last);
        using var answer = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await RequireSuccessAsync(answer, cancellationToken);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            yield return item;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            return await http.SendAsync(request, completion, limit.Token);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e.InnerException?.Message ?? e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable($"no answer within {Patience.TotalSeconds:0} s");
        }
    }

    private ApiFailure Unreachable(string why) => new(
        $"The server at {server} can't be reached ({why.TrimEnd('.')}). Start it with 'make run', or name another with --server or RUNBOOKS_SERVER.",
        ExitCode.Failed);

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        await RequireSuccessAsync(answer, cancellationToken);
        return await answer.Content.ReadFromJsonAsync<JsonNode>(cancellationToken) ?? throw new ApiFailure("The server's answer is empty.", ExitCode.Failed);
    }

    private static async Task RequireSuccessAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (answer.IsSuccessStatusCode)
        {
            return;
        }

        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        JsonNode? problem = null;
        try
        {
            problem = JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            // Not one of our answers: something else listens there.
        }

        var detail = problem?["detail"]?.ToString() ?? $"{answer.RequestMessage?.RequestUri} answered {(int)answer.StatusCode} {answer.ReasonPhrase}; is it a Runbooks server?";
        var isWrongInput = answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity or HttpStatusCode.UnsupportedMediaType;
        throw new ApiFailure(detail, isWrongInput ? ExitCode.Usage : ExitCode.Failed);
    }
}
