using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Runbooks.Server.Tests.Fixture;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>The hub as Studio's viewer uses it: SignalR's JSON protocol over a web socket.</summary>
[Collection(ServerCollection.Name)]
public sealed class InstanceHubTests(ServerUnderTest server)
{
    [Fact]
    public async Task A_viewer_is_told_when_its_run_goes_on_and_what_its_badges_are()
    {
        var id = await server.StartAsync("wait", """{"Note":"x"}""", "carl");
        _ = await server.WaitAsync(id, r => r["status"]!.ToString() == "suspended");
        await using var viewer = await Viewer.OpenAsync(server.Url, id);
        var badges = await viewer.NextAsync("ActivityExecutionLogUpdatedAsync");

        var (cancelled, _) = await server.OrderAsync(id, "cancel");
        Assert.True(cancelled.IsSuccessStatusCode);

        Assert.Contains(badges["stats"]!.AsArray(), s => s!["activityId"]!.ToString() == "delay" && s["isBlocked"]!.GetValue<bool>() && s["startedCount"]!.GetValue<int>() == 1);
        Assert.Equal("{}", (await viewer.NextAsync("WorkflowExecutionLogUpdatedAsync")).ToJsonString());
        Assert.Equal(id, (await viewer.NextAsync("WorkflowInstanceUpdatedAsync"))["workflowInstanceId"]!.ToString());
        var after = await viewer.NextAsync("ActivityExecutionLogUpdatedAsync");
        Assert.Contains(after["stats"]!.AsArray(), s => s!["activityId"]!.ToString() == "delay" && s["completedCount"]!.GetValue<int>() == 1 && !s["isBlocked"]!.GetValue<bool>());
    }

    [Fact]
    public async Task A_viewer_is_told_nothing_of_other_runs()
    {
        var mine = await server.StartAsync("wait", """{"Note":"mine"}""", "carl");
        _ = await server.WaitAsync(mine, r => r["status"]!.ToString() == "suspended");
        await using var viewer = await Viewer.OpenAsync(server.Url, mine);
        _ = await viewer.NextAsync("ActivityExecutionLogUpdatedAsync");
        var other = await server.StartAsync("wait", """{"Note":"other"}""", "carl");
        _ = await server.OrderAsync(other, "cancel");
        _ = await server.WaitAsync(other, r => r["ended"]!.GetValue<bool>());

        _ = await server.OrderAsync(mine, "cancel");

        Assert.Equal(mine, (await viewer.NextAsync("WorkflowInstanceUpdatedAsync"))["workflowInstanceId"]!.ToString());
        Assert.DoesNotContain(viewer.All, m => m.Contains(other, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nobody_can_look_at_a_run_that_is_not_there()
    {
        await using var viewer = await Viewer.OpenAsync(server.Url, Guid.NewGuid().ToString("n"), invocation: "1");

        Assert.Contains("There is no instance", (await viewer.NextAsync(null))["error"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_another_site_gets_no_connection()
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", "https://elsewhere.example");

        var refused = await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(Viewer.AddressOf(server.Url), CancellationToken.None));

        Assert.Contains("403", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>One connection of a viewer.</summary>
    private sealed class Viewer : IAsyncDisposable
    {
        private const char End = '\u001e';

        private readonly ClientWebSocket socket = new();
        private readonly Queue<string> waiting = new();
        private string rest = "";

        public List<string> All { get; } = [];

        public static Uri AddressOf(string url) => new($"{url.Replace("http:", "ws:", StringComparison.Ordinal)}/elsa/hubs/workflow-instance?access_token=carl");

        public static async Task<Viewer> OpenAsync(string url, string instance, string? invocation = null)
        {
            var viewer = new Viewer();
            await viewer.socket.ConnectAsync(AddressOf(url), CancellationToken.None);
            await viewer.SendAsync(new JsonObject { ["protocol"] = "json", ["version"] = 1 });
            Assert.Equal("{}", await viewer.ReadAsync());
            var call = new JsonObject { ["type"] = 1, ["target"] = "ObserveInstanceAsync", ["arguments"] = new JsonArray(instance) };
            if (invocation is not null)
            {
                call["invocationId"] = invocation;
            }

            await viewer.SendAsync(call);
            return viewer;
        }

        /// <summary>The argument of the next message to a method; null: the next completion of a call.</summary>
        public async Task<JsonNode> NextAsync(string? method)
        {
            while (true)
            {
                var message = JsonNode.Parse(await ReadAsync())!;
                if (method is null ? message["type"]?.GetValue<int>() == 3 : message["target"]?.ToString() == method)
                {
                    return method is null ? message : message["arguments"]![0]!;
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            socket.Abort();
            socket.Dispose();
            await Task.CompletedTask;
        }

        private Task SendAsync(JsonObject message) => socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString() + End), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

        private async Task<string> ReadAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var buffer = new byte[64 * 1024];
            while (waiting.Count == 0)
            {
                var read = await socket.ReceiveAsync(buffer, limit.Token);
                var parts = (rest + Encoding.UTF8.GetString(buffer, 0, read.Count)).Split(End);
                rest = parts[^1];
                foreach (var part in parts[..^1])
                {
                    waiting.Enqueue(part);
                    All.Add(part);
                }
            }

            return waiting.Dequeue();
        }
    }
}
