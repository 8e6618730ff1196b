using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Server.Logging;
using Runbooks.Server.Views;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Pages;

/// <summary>Numbers, times and states as the page writes them.</summary>
internal static class Words
{
    public static string Percent(double? share) => share is { } s ? $"{s * 100:0} %" : "–";

    /// <summary>A share as a length of a bar, in percent without a unit.</summary>
    public static string Length(double? share) => $"{Math.Clamp(share ?? 0, 0, 1) * 100:0.0}%";

    public static string Memory(int mebibytes) => mebibytes >= 1024 ? $"{mebibytes / 1024.0:0.#} GiB" : $"{mebibytes} MiB";

    /// <summary>A part and a whole in the unit of the whole: <c>26/48 GiB</c>.</summary>
    public static string MemoryOf(int part, int whole) =>
        whole >= 4096 ? $"{part / 1024.0:0}/{whole / 1024.0:0} GiB" : $"{part}/{whole} MiB";

    public static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (double)(1L << 30):0.0} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):0} MiB",
        _ => $"{bytes / 1024.0:0} KiB",
    };

    public static string Ago(DateTimeOffset at, DateTimeOffset now) => (now - at) switch
    {
        { TotalSeconds: < 5 } => "just now",
        { TotalSeconds: < 60 } span => $"{span.TotalSeconds:0} s ago",
        { TotalMinutes: < 60 } span => $"{(int)span.TotalMinutes} min ago",
        { TotalHours: < 24 } span => $"{(int)span.TotalHours} h ago",
        _ => at.ToString("yyyy-MM-dd HH:mm"),
    };

    public static string Took(DateTimeOffset from, DateTimeOffset? to, DateTimeOffset now) => RunWords.Span((to ?? now) - from);

    /// <summary>The name of the CSS class of a status; also its sign.</summary>
    public static (string Css, string Sign) Look(RunStatus status) => status switch
    {
        RunStatus.Finished => ("good", "✓"),
        RunStatus.Compensated => ("warn", "↶"),
        RunStatus.Cancelled => ("mute", "⊘"),
        RunStatus.NeedsAttention => ("bad", "!"),
        RunStatus.Faulted => ("bad", "✕"),
        RunStatus.Compensating => ("warn", "↶"),
        RunStatus.Pending => ("mute", "…"),
        RunStatus.Paused => ("warn", "‖"),
        _ => ("live", "▸"),
    };

    /// <summary>What a button says.</summary>
    public static string Label(RunVerb verb) => verb switch
    {
        RunVerb.Cancel => "Cancel and undo",
        RunVerb.Retry => "Try again",
        RunVerb.Undo => "Undo the run",
        RunVerb.Restart => "Start again",
        RunVerb.RestartFrom => "Restart from here",
        _ => verb.ToString(),
    };

    /// <summary>What became of a change on the way back.</summary>
    public static (string Css, string Word) Look(UndoState state) => state switch
    {
        UndoState.Undone => ("undone", "undone"),
        UndoState.Failed => ("failed", "could not be undone"),
        UndoState.Irreversible => ("skipped", "can't be undone"),
        UndoState.Intended => ("current", "is being undone"),
        UndoState.Confirmed => ("done", "final"),
        _ => ("waiting", "can be undone"),
    };

    public static (string Css, string Sign, string Word) Look(StageState state) => state switch
    {
        StageState.Done => ("done", "✓", "done"),
        StageState.Current => ("current", "", "in progress"),
        StageState.Failed => ("failed", "✕", "failed"),
        StageState.Undone => ("undone", "↶", "undone"),
        StageState.Skipped => ("skipped", "–", "not reached"),
        _ => ("waiting", "", "still to come"),
    };

    public static (string Css, string Word) Look(LoadClass? load) => load switch
    {
        LoadClass.Low => ("low", "low"),
        LoadClass.Medium => ("medium", "medium"),
        LoadClass.High => ("high", "high"),
        _ => ("unknown", "load not known yet"),
    };

    /// <summary>What a migrating step reported, in one line.</summary>
    public static string Progress(JsonObject? progress) => string.Join(" · ", Figures(progress).Select(f => f.Text));

    /// <summary>What a migrating step reported: figures with what they mean, the most telling first.</summary>
    public static IReadOnlyList<(string Name, string Text, string Meaning)> Figures(JsonObject? progress)
    {
        var figures = new List<(string, string, string)>();
        if (progress is null)
        {
            return figures;
        }

        void Add(string name, Func<long, string> say, string meaning, long from = 1)
        {
            if (Number(progress, name) is { } value && value >= from)
            {
                figures.Add((name, say(value), meaning));
            }
        }

        if (progress["mode"]?.GetValue<string>() is { } mode && mode != "PreCopy")
        {
            figures.Add(("mode", mode, "How memory is sent"));
        }

        Add("round", n => $"round {n}", "Each round sends what was written during the one before");
        if (Number(progress, "totalBytes") is > 0)
        {
            Add("remainingBytes", n => $"{Bytes(n)} left", "Not yet sent, or written again", from: 0);
        }

        Add("bandwidthBytesPerSecond", n => $"{Bytes(n)}/s", "Measured on the wire");
        Add("dirtyBytesPerSecond", n => $"dirties {Bytes(n)}/s", "How fast the guest writes");
        Add("predictedEndMs", n => n < 1000 ? "about to switch over" : $"{Brief(n)} to go", "Expected, if the guest goes on as it does", from: 0);
        Add("predictedDowntimeMs", n => $"{Brief(n)} standing still", "How long the guest is expected to stand still");
        Add("allowedDowntimeMs", n => $"{Brief(n)} allowed", "How long the guest may stand still now", from: 2);
        Add("throttlePercent", n => $"slowed down by {n} %", "CPU time that the guest loses because it writes too fast");
        Add("postCopyRequests", n => $"{n} pages asked for", "Pages that the guest needed before they came by themselves");
        if (progress["measures"]?.GetValue<string>() is { Length: > 0 } measures)
        {
            figures.Add(("measures", measures, $"The copy does not converge ({progress["stoppedBy"]})"));
        }

        return figures;
    }

    private static string Brief(long milliseconds) =>
        milliseconds < 1000 ? $"{milliseconds} ms" : milliseconds < 120_000 ? $"{milliseconds / 1000.0:0.#} s" : $"{milliseconds / 60_000} min";

    /// <summary>Share of the guest's memory that the destination has, 0 to 1; null when it is not told.</summary>
    public static double? Copied(JsonObject? progress) =>
        progress is not null && Number(progress, "totalBytes") is > 0 and var total && Number(progress, "remainingBytes") is { } remaining
            ? Math.Clamp(1 - (remaining / (double)total), 0, 1)
            : null;

    private static long? Number(JsonObject progress, string name) =>
        progress[name] is JsonValue value && value.TryGetValue<double>(out var number) ? (long)number
        : progress[name] is JsonValue whole && whole.TryGetValue<long>(out var exact) ? exact
        : progress[name] is JsonValue small && small.TryGetValue<int>(out var integer) ? integer : null;
}
