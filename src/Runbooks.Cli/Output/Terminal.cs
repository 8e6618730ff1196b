using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Runbooks.Cli.Output;

/// <summary>Writes for people and, with <c>--json</c>, for programs: then standard output holds JSON and nothing else.</summary>
internal static class Terminal
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A console that does not cut lines when its output goes to a file or a program.</summary>
    public static IAnsiConsole Console { get; } = Create();

    public static bool IsInteractive { get; } = !System.Console.IsOutputRedirected && !System.Console.IsErrorRedirected;

    /// <summary>One line as it is, however long.</summary>
    public static void Line(string text) => System.Console.Out.WriteLine(text);

    public static void Json(JsonNode node) => System.Console.Out.WriteLine(node.ToJsonString(Readable));

    public static void JsonLine(JsonNode node) => System.Console.Out.WriteLine(node.ToJsonString(OneLine));

    public static void Error(string message) => System.Console.Error.WriteLine(message);

    public static string Percent(JsonNode? share) => share is null ? "–" : $"{share.GetValue<double>() * 100:0} %";

    public static string Memory(JsonNode? mebibytes) => mebibytes is null ? "–" : $"{mebibytes.GetValue<int>() / 1024.0:0.#} GiB";

    public static string Time(JsonNode? at) => at is null ? "–" : at.GetValue<DateTimeOffset>().ToLocalTime().ToString("HH:mm:ss");

    public static string Status(string status)
    {
        var colour = status switch
        {
            "finished" => "green",
            "compensated" or "compensating" or "paused" => "yellow",
            "needsAttention" or "faulted" => "red",
            "suspended" or "executing" => "blue",
            _ => "grey",
        };
        return $"[{colour}]{Word(status)}[/]";
    }

    /// <summary>The word for a status of a run, a step or an undo.</summary>
    public static string Word(string status) => status switch
    {
        "needsAttention" => "needs attention",
        "compensating" => "undoing",
        "suspended" => "waiting",
        "executing" => "running",
        "available" => "can be undone",
        "irreversible" => "can't be undone",
        "intended" => "is being undone",
        "failed" => "could not be undone",
        _ => status,
    };

    private static IAnsiConsole Create()
    {
        if (!System.Console.IsOutputRedirected)
        {
            return AnsiConsole.Create(new AnsiConsoleSettings());
        }

        var plain = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        plain.Profile.Width = 200;
        return plain;
    }
}
