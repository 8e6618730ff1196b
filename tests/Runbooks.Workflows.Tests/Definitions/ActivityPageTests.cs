using System.Runtime.CompilerServices;
using System.Text;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.Tests.Definitions;

/// <summary>The table in <c>docs/activities.md</c> is made from the registry; set <c>RUNBOOKS_WRITE_DOCS=1</c> to write it anew.</summary>
public sealed class ActivityPageTests
{
    private const string Begin = "<!-- table: made from the registry by ActivityPageTests -->";
    private const string End = "<!-- end of table -->";

    [Fact]
    public void The_page_lists_what_the_registry_has()
    {
        var path = Path.Combine(Root(), "docs", "activities.md");
        var page = File.ReadAllText(path);
        var (begin, end) = (page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, page.IndexOf(End, StringComparison.Ordinal));
        var expected = $"\n\n{Table()}\n";

        if (Environment.GetEnvironmentVariable("RUNBOOKS_WRITE_DOCS") == "1")
        {
            File.WriteAllText(path, page[..begin] + expected + page[end..]);
            return;
        }

        Assert.True(string.Equals(expected, page[begin..end], StringComparison.Ordinal), "docs/activities.md is not what the registry has; write it anew with RUNBOOKS_WRITE_DOCS=1.");
    }

    private static string Table()
    {
        var text = new StringBuilder("| Activity | What it does | Inputs | Places for activities | Outputs | Left by | Kind |\n|---|---|---|---|---|---|---|\n");
        foreach (var descriptor in ActivityRegistry.WithElsaActivities().Descriptors)
        {
            var inputs = descriptor.RawInputs.Concat(descriptor.Inputs).Select(i => $"`{i.Name}`{(i.Required ? " (required)" : i.Default is null ? "" : $" = {i.Default.ToJsonString().Trim('"')}")}");
            string[] places = [.. descriptor.EmbeddedPorts, .. descriptor.IsContainer ? ["activities"] : Array.Empty<string>()];
            _ = text.Append(System.Globalization.CultureInfo.InvariantCulture, $"| `{descriptor.TypeName}` | {descriptor.Description} | {Cell(inputs)} | {Cell(places)} | {Cell(descriptor.Outputs.Select(o => $"`{o.Name}`"))} | {(descriptor.IsTerminal ? "nothing: it ends what is around it" : Cell(descriptor.Outcomes))} | {descriptor.Kind.ToString().ToLowerInvariant()} |\n");
        }

        return text.ToString();
    }

    private static string Cell(IEnumerable<string> values) => string.Join(", ", values) is { Length: > 0 } text ? text : "-";

    private static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
