using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;
using Runbooks.Workflows.Tests.Engine;

namespace Runbooks.Workflows.Tests.Conformance;

/// <summary>
/// The files beside this one are the specification of how definitions run: each shows one rule, with the definition, and
/// the steps in the order in which they complete.
/// </summary>
public sealed class ConformanceTests
{
    private static readonly string[] Known = ["title", "covers", "definitions", "input", "expected", "refused"];

    private static readonly string[] KnownExpectations =
        ["status", "completed", "canceled", "faulted", "lines", "variables", "output", "name", "correlationId", "reason", "children"];

    public static TheoryData<string> Files => [.. ConformanceFile.Names];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task As_specified(string file)
    {
        var spec = ConformanceFile.Read(file);
        var engine = new EngineUnderTest(ActivityRegistry.WithElsaActivities());
        var sources = spec.Definitions.Select(d => ($"{d["definitionId"]}.json", d.ToJsonString())).ToArray();

        var problems = await engine.Catalog.LoadAsync(sources, CancellationToken.None);

        if (spec.Refused is { } refused)
        {
            var said = string.Join('\n', problems);
            Assert.True(problems.Any(p => string.Equals(p.ActivityId, refused["activity"]?.ToString(), StringComparison.Ordinal)), $"Another activity than {refused["activity"]} was refused:\n{said}");
            Assert.All(ConformanceFile.Texts(refused["says"]), words => Assert.Contains(words, said, StringComparison.Ordinal));
            return;
        }

        Assert.Empty(problems);
        var run = await engine.RunAsync(spec.Definitions[^1]["definitionId"]!.ToString(), spec.Input);
        await CheckAsync(spec, engine, run);
    }

    [Fact]
    public void Every_file_says_what_is_expected_and_shows_what_it_covers()
    {
        foreach (var spec in ConformanceFile.Names.Select(ConformanceFile.Read))
        {
            Assert.False(string.IsNullOrWhiteSpace(spec.Json["title"]?.ToString()), $"{spec.Name} has no title.");
            Assert.True(spec.Json.All(p => Known.Contains(p.Key)), $"{spec.Name} has a field that nobody reads.");
            Assert.True(spec.Expected is null != spec.Refused is null, $"{spec.Name} must have either 'expected' or 'refused'.");
            Assert.True(spec.Expected is null || (spec.Expected["status"] is not null && spec.Expected["completed"] is JsonArray), $"{spec.Name} must expect a status and the steps that complete.");
            Assert.True(spec.Expected?.All(p => KnownExpectations.Contains(p.Key)) ?? true, $"{spec.Name} expects something that nobody checks.");
            Assert.True(spec.Refused is null || ConformanceFile.Texts(spec.Refused["says"]).Count > 0, $"{spec.Name} must say why it is refused.");
            var types = spec.Types();
            Assert.All(spec.Covers, type => Assert.True(types.Contains(type), $"{spec.Name} covers {type}, but does not use it."));
        }
    }

    [Fact]
    public void Every_activity_has_a_file()
    {
        var covered = ConformanceFile.Names.Select(ConformanceFile.Read).Where(s => s.Expected is not null).SelectMany(s => s.Covers).ToHashSet(StringComparer.Ordinal);

        Assert.All(ActivityRegistry.WithElsaActivities().Descriptors, d => Assert.Contains(d.TypeName, covered));
    }

    private static async Task CheckAsync(ConformanceFile spec, EngineUnderTest engine, Run run)
    {
        var expected = spec.Expected!;
        var steps = await engine.StepsAsync(run.Id);
        var journal = await engine.JournalAsync(run.Id);
        Assert.Equal((expected["status"]!.ToString(), run.Status == RunStatus.Finished ? null : run.Reason), (run.Status.ToString(), run.Status == RunStatus.Finished ? null : run.Reason));
        Assert.Equal(string.Join(' ', ConformanceFile.Texts(expected["completed"])), string.Join(' ', steps.Where(s => s.Status == ActivityStatus.Completed).OrderBy(s => s.CompletionOrder).Select(s => s.ActivityId)));
        Assert.Equal(string.Join(' ', ConformanceFile.Texts(expected["canceled"])), string.Join(' ', steps.Where(s => s.Status == ActivityStatus.Canceled).Select(s => s.ActivityId)));
        Assert.Equal(string.Join(' ', ConformanceFile.Texts(expected["faulted"])), string.Join(' ', steps.Where(s => s.Status == ActivityStatus.Faulted).Select(s => s.ActivityId)));
        Assert.Equal(ConformanceFile.Texts(expected["lines"]), journal.Where(e => e.Event == "Line").Select(e => e.Message));
        Assert.Contains(expected["reason"]?.ToString() ?? "", run.Reason ?? "", StringComparison.Ordinal);
        if (expected["children"] is { } children)
        {
            Assert.Equal(children.GetValue<int>(), (await engine.Store.ListAsync(new RunFilter { ParentRunId = run.Id }, CancellationToken.None)).Count);
        }

        foreach (var (name, value) in expected["variables"] as JsonObject ?? [])
        {
            var id = engine.Catalog.Latest(run.DefinitionId)!.Variables.Single(v => v.Name == name).Id;
            Assert.Equal((name, value?.ToJsonString()), (name, run.Variables[id]?.ToJsonString()));
        }

        Assert.Equal(expected["output"]?.ToJsonString() ?? "{}", run.Output.ToJsonString());
        Assert.Equal(expected["name"]?.ToString(), run.Name);
        Assert.Equal(expected["correlationId"]?.ToString(), run.CorrelationId);
    }
}
