using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Runbooks.Server.Tests.Fixture;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;

namespace Runbooks.Server.Tests.Elsa;

/// <summary>Runbooks that have another one built in, and its new version.</summary>
[Collection(ServerCollection.Name)]
public sealed class ConsumerTests(ServerUnderTest server)
{
    private readonly Studio publisher = new(server, "paul");

    [Fact]
    public async Task Publishing_takes_them_along_where_the_definition_says_so_and_tells_how_many()
    {
        var part = await PartAsync("Follow me", follow: true);
        _ = await ConsumerAsync("Follower", "FollowMe", "follow-me");

        var (status, answer) = await SaveNextAsync(part);
        var follower = await publisher.LatestAsync("follower");
        var why = (await server.GetAsync("/api/runbooks/follower/history"))[0]!["reason"]!.ToString();

        var third = answer!["workflowDefinition"]!;
        third["description"] = "third";
        _ = await publisher.SavedAsync(third);
        var (_, published) = await server.PostAsync("/api/runbooks/follow-me:publish", """{"actor":"paul","reason":"x"}""");

        Assert.Equal("""{"updated":["follower"],"notUpdated":[]}""", published["consumers"]!.ToJsonString());
        Assert.Equal(3, UsedBy(await publisher.LatestAsync("follower")));
        Assert.Equal((HttpStatusCode.OK, 1), (status, answer["consumingWorkflowCount"]!.GetValue<int>()));
        Assert.Empty(answer["validationErrors"]!.AsArray());
        Assert.Equal((2, true, 2), (follower["version"]!.GetValue<int>(), follower["isPublished"]!.GetValue<bool>(), UsedBy(follower)));
        Assert.Equal("uses version 2 of 'follow-me'", why);
    }

    [Fact]
    public async Task Without_the_option_nobody_is_taken_along()
    {
        var part = await PartAsync("Stay there");
        _ = await ConsumerAsync("Stayer", "StayThere", "stay-there");

        var (_, answer) = await SaveNextAsync(part);

        Assert.Equal(0, answer!["consumingWorkflowCount"]!.GetValue<int>());
        Assert.Equal(1, UsedBy(await publisher.LatestAsync("stayer")));
    }

    [Fact]
    public async Task One_that_can_not_be_published_is_named_and_stays_as_it_is_and_the_others_are_updated()
    {
        _ = await publisher.CreatedAsync("Soon retracted", publish: true);
        var part = await PartAsync("Shared part");
        _ = await ConsumerAsync("Able", "SharedPart", "shared-part");
        _ = await ConsumerAsync("Unable", "SharedPart", "shared-part", """{ "id": "call", "type": "Elsa.ExecuteWorkflow", "version": 1, "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "soon-retracted" } } }""");
        _ = await ConsumerAsync("Withdrawn", "SharedPart", "shared-part");
        _ = await publisher.PostAsync("/workflow-definitions/soon-retracted/retract");
        _ = await publisher.PostAsync("/workflow-definitions/withdrawn/retract");
        _ = await SaveNextAsync(part);

        var (status, answer) = await publisher.PostAsync("/workflow-definitions/shared-part/update-references");
        var unable = await publisher.LatestAsync("unable");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("Updated: 'able'. Not updated:", Studio.Toast(answer), StringComparison.Ordinal);
        Assert.Contains("'unable': it can't be published with the new version", Studio.Toast(answer), StringComparison.Ordinal);
        Assert.Contains("soon-retracted", Studio.Toast(answer), StringComparison.Ordinal);
        Assert.Equal((1, true), (unable["version"]!.GetValue<int>(), unable["isPublished"]!.GetValue<bool>()));
        Assert.Equal(2, UsedBy(await publisher.LatestAsync("able")));
        Assert.False((await publisher.LatestAsync("withdrawn"))["isPublished"]!.GetValue<bool>());

        // What is not a publishing has nothing to tell of them.
        var (_, asked) = await server.PostAsync("/api/runbooks/shared-part:retract", """{"actor":"paul","reason":"x"}""");
        Assert.Null(asked["consumers"]);
    }

    [Fact]
    public async Task One_that_somebody_saves_at_this_moment_keeps_what_they_saved_and_the_others_are_updated()
    {
        var part = await PartAsync("Raced part");
        _ = await ConsumerAsync("Raced a", "RacedPart", "raced-part");
        _ = await ConsumerAsync("Raced b", "RacedPart", "raced-part");
        _ = await SaveNextAsync(part);
        var library = server.Services.GetRequiredService<IRunbookLibrary>();
        var racing = Interference.After(library, nameof(IRunbookLibrary.ListCurrentAsync), async () =>
        {
            var mine = await publisher.LatestAsync("raced-a");
            mine["description"] = "mine";
            _ = await publisher.SavedAsync(mine);
        });
        var editor = new RunbookEditor(racing, server.Services.GetRequiredService<DefinitionCatalog>(), server.Services.GetRequiredService<ActivityRegistry>(), server.Services.GetRequiredService<IRunStore>());

        var update = await editor.UpdateReferencesAsync("raced-part", new Editor("paul"), CancellationToken.None);
        var raced = await publisher.LatestAsync("raced-a");

        Assert.Equal(["raced-b"], update.Updated);
        Assert.StartsWith("'raced-a': somebody else has changed it", Assert.Single(update.NotUpdated), StringComparison.Ordinal);
        Assert.Equal(("mine", false, 1), (raced["description"]!.ToString(), raced["isPublished"]!.GetValue<bool>(), UsedBy(raced)));
        Assert.Equal(2, UsedBy(await publisher.LatestAsync("raced-b")));
    }

    private async Task<JsonNode> PartAsync(string name, bool follow = false)
    {
        var part = await publisher.CreatedAsync(name);
        part["options"]!["usableAsActivity"] = true;
        part["options"]!["autoUpdateConsumingWorkflows"] = follow;
        return await publisher.SavedAsync(part, publish: true);
    }

    private Task<(HttpStatusCode Status, JsonNode? Body)> SaveNextAsync(JsonNode part)
    {
        part["description"] = "second";
        return publisher.SaveAsync(part, publish: true);
    }

    private async Task<JsonNode> ConsumerAsync(string name, string type, string part, string? more = null)
    {
        var outer = await publisher.CreatedAsync(name);
        var activities = outer["root"]!["activities"]!.AsArray();
        activities.Add(JsonNode.Parse($$"""{ "id": "part", "type": "{{type}}", "version": 1, "workflowDefinitionId": "{{part}}", "workflowDefinitionVersionId": "{{part}}.1" }"""));
        if (more is not null)
        {
            activities.Add(JsonNode.Parse(more));
        }

        return await publisher.SavedAsync(outer, publish: true);
    }

    private static int UsedBy(JsonNode consumer) => consumer["root"]!["activities"]!.AsArray().Single(a => a!["id"]!.ToString() == "part")!["version"]!.GetValue<int>();

    /// <summary>A library in which something else happens right after one of its methods was called for the first time.</summary>
    public class Interference : DispatchProxy
    {
        private IRunbookLibrary inner = null!;
        private string method = "";
        private Func<Task>? then;

        public static IRunbookLibrary After(IRunbookLibrary inner, string method, Func<Task> then)
        {
            var proxy = Create<IRunbookLibrary, Interference>();
            var self = (Interference)(object)proxy;
            (self.inner, self.method, self.then) = (inner, method, then);
            return proxy;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            var result = targetMethod!.Invoke(inner, BindingFlags.DoNotWrapExceptions, null, args, null);
            if (targetMethod.Name != method || Interlocked.Exchange(ref then, null) is not { } happens)
            {
                return result;
            }

            return FirstAsync((Task<IReadOnlyList<RunbookVersion>>)result!, happens);
        }

        private static async Task<IReadOnlyList<RunbookVersion>> FirstAsync(Task<IReadOnlyList<RunbookVersion>> read, Func<Task> happens)
        {
            var found = await read;
            await happens();
            return found;
        }
    }
}
