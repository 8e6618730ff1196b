using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Runbooks.Server.Elsa.Descriptors;
using Runbooks.Server.Tests.Fixture;
using Runbooks.Workflows.Activities;

namespace Runbooks.Server.Tests.Elsa;

[Collection(ServerCollection.Name)]
public sealed partial class TypeDefinitionTests(ServerUnderTest server)
{
    [Fact]
    public void The_editor_knows_every_function_that_scripts_have()
    {
        var prelude = File.ReadAllText(Path.Combine(Place.Repository, "src/Runbooks.Workflows/Expressions/JavaScript/Sandbox/prelude.js"));
        var table = prelude[prelude.IndexOf("const functions = {", StringComparison.Ordinal)..];
        var names = Entry().Matches(table[..table.IndexOf("\n  };", StringComparison.Ordinal)]).Select(m => m.Groups["name"].Value).Where(n => n != "variables").ToArray();

        var told = Told("consolidate", null);

        Assert.True(names.Length > 20, "The table of functions was not found.");
        Assert.All(names, n => Assert.Contains($"declare function {n}(", told, StringComparison.Ordinal));
    }

    [Fact]
    public void The_editor_knows_variables_inputs_and_what_steps_put_out()
    {
        var told = Told("consolidate", null);

        Assert.Contains("  Host: string;", told, StringComparison.Ordinal);
        Assert.Contains("declare function getLoadMin(): number | null;", told, StringComparison.Ordinal);
        Assert.Contains("declare function setSummary(value: string): void;", told, StringComparison.Ordinal);
        Assert.Contains("declare function getOutputFrom(activity: \"Plan\", output: \"Summary\"): string | null;", told, StringComparison.Ordinal);
        Assert.Contains("declare function getOutputFrom(activity: \"Migrate\"): any;", told, StringComparison.Ordinal);
        Assert.DoesNotContain("setOutcome", told, StringComparison.Ordinal);
        Assert.Contains("setOutcome", Told("consolidate", "Elsa.RunJavaScript"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_runbook_says_of_itself_cannot_end_a_comment_or_a_declaration()
    {
        var told = TypeDefinitions.Of("""{"inputs":[{"name":"Odd","type":"String","description":"*/ evil(); /*"}],"variables":[{"name":"a\"b","typeName":"Int32"}]}""", server.Services.GetRequiredService<ActivityRegistry>(), null);

        Assert.DoesNotContain("*/ evil", told, StringComparison.Ordinal);
        Assert.Contains("declare function getOdd(): string | null;", told, StringComparison.Ordinal);
        Assert.DoesNotContain("a\"b", told, StringComparison.Ordinal);
    }

    private string Told(string runbook, string? activity) =>
        TypeDefinitions.Of(File.ReadAllText(Path.Combine(Place.Repository, "workflows", runbook + ".json")), server.Services.GetRequiredService<ActivityRegistry>(), activity);

    [GeneratedRegex(@"^    (?<name>\w+)(?=[:,(])", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Entry();
}
