using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Cli.Api;
using Runbooks.Cli.Definitions;
using Runbooks.Cli.Output;

namespace Runbooks.Cli.Commands;

/// <summary><c>runbooks definitions export</c> and <c>import</c>: between a server and a folder.</summary>
internal static class DefinitionTransfer
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    public static Command Export()
    {
        var ids = new Argument<string[]>("ids") { Description = "Runbooks; all when none is named.", Arity = ArgumentArity.ZeroOrMore };
        var to = new Option<string>("--to") { Description = "The folder; a file ID.json is written for each.", Required = true };
        var drafts = new Option<bool>("--drafts") { Description = "The latest version, drafts included, instead of the published one." };
        var command = new Command("export", "Writes published runbooks to files. What has not changed gives the same file.") { ids, to, drafts };
        command.Does(async (scope, cancellationToken) =>
        {
            var all = (await scope.Api.GetAsync("api/library", cancellationToken)).AsArray().OfType<JsonNode>().ToArray();
            var wanted = scope.Parsed.GetValue(ids) ?? [];
            if (Array.Find(wanted, w => !Array.Exists(all, r => r["runbook"]!.ToString() == w)) is { } missing)
            {
                throw new ApiFailure($"There is no runbook '{missing}'. 'runbooks definitions list' shows them.", ExitCode.Usage);
            }

            var latest = scope.Parsed.GetValue(drafts);
            var written = new JsonArray();
            foreach (var runbook in all.Where(r => (wanted.Length == 0 || wanted.Contains(r["runbook"]!.ToString(), StringComparer.Ordinal)) && (latest || r["published"] is not null)))
            {
                var id = runbook["runbook"]!.ToString();
                var text = await DefinitionAsync(scope, id, latest ? "latest" : "published", cancellationToken);
                var path = Path.Combine(scope.Parsed.GetValue(to)!, id + ".json");
                written.Add((JsonNode)new JsonObject { ["runbook"] = id, ["file"] = path, ["changed"] = await WriteAsync(path, text, cancellationToken) });
            }

            scope.Show(written, w => $"{w["file"]}{(w["changed"]!.GetValue<bool>() ? "" : " (unchanged)")}", "Nothing is published.");
            return ExitCode.Done;
        });
        return command;
    }

    public static Command Import()
    {
        var files = new Argument<string[]>("files") { Description = "Files, or folders of them.", Arity = ArgumentArity.OneOrMore };
        var publish = new Option<bool>("--publish") { Description = "Publish what was changed; takes a reason." };
        var command = new Command("import", "Brings definitions to the server as drafts: all of them, or none.") { files, publish, CommonOptions.Actor, CommonOptions.Reason };
        command.Does(async (scope, cancellationToken) =>
        {
            var publishes = scope.Parsed.GetValue(publish);
            var signed = publishes ? CommonOptions.Signed(scope.Parsed, "runbooks definitions import … --publish") : new JsonObject { ["actor"] = scope.Parsed.GetValue(CommonOptions.Actor), ["reason"] = scope.Parsed.GetValue(CommonOptions.Reason) };
            var body = signed.DeepClone().AsObject();
            body["files"] = new JsonArray([.. (await DefinitionFiles.ReadAsync(scope.Parsed.GetValue(files)!, cancellationToken)).Select(f => new JsonObject { ["name"] = f.Path, ["json"] = f.Text })]);
            var answer = await scope.Api.PostAsync("api/runbooks:import", body, null, cancellationToken);
            var versions = answer["versions"]!.AsArray();
            foreach (var version in versions.OfType<JsonObject>().Where(v => publishes && v["state"]!.ToString() == "draft"))
            {
                var published = await scope.Api.PostAsync($"api/runbooks/{Uri.EscapeDataString(version["runbook"]!.ToString())}:publish", signed.DeepClone().AsObject(), null, cancellationToken);
                version["state"] = published["state"]!.DeepClone();
                version["consumers"] = published["consumers"]?.DeepClone();
            }

            scope.Show(versions, v => $"{v["runbook"]} version {v["version"]}: {v["state"]}{Users(v)}", "Nothing was imported.");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>What became of the runbooks that have a published one built in, a line for each.</summary>
    private static string Users(JsonNode version) => string.Concat(
    [
        .. (version["consumers"]?["updated"]?.AsArray() ?? []).Select(u => $"\n  updated with it: {u}"),
        .. (version["consumers"]?["notUpdated"]?.AsArray() ?? []).Select(n => $"\n  not updated with it: {n}"),
    ]);

    /// <summary>A version as the server writes it to a file.</summary>
    public static async Task<string> DefinitionAsync(CommandScope scope, string id, string version, CancellationToken cancellationToken) =>
        (await scope.Api.GetAsync($"api/runbooks/{Uri.EscapeDataString(id)}/definition?version={Uri.EscapeDataString(version)}", cancellationToken)).ToJsonString(Readable) + "\n";

    /// <summary>False when the file has this text already; then it is not touched.</summary>
    private static async Task<bool> WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        try
        {
            if (File.Exists(path) && await File.ReadAllTextAsync(path, cancellationToken) == text)
            {
                return false;
            }

            _ = Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            await File.WriteAllTextAsync(path, text, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ApiFailure($"{path} can't be written: {e.Message}", ExitCode.Failed);
        }
    }
}
