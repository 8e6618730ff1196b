using System.Globalization;
using System.Text;
using System.Text.Json;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Disks;

/// <summary>Reads what <see cref="DiskScripts"/> answer.</summary>
internal static class DiskAnswers
{
    public static bool TryRead(IReadOnlyList<string> paths, string output, out DiskSight sight)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        sight = new DiskSight(false, []);
        if (lines.Length != paths.Count + 2 || lines[0] is not ("tool yes" or "tool no") || lines[^1] != "end")
        {
            return false;
        }

        var places = paths.Zip(lines[1..^1], Place).ToArray();
        sight = new DiskSight(lines[0] == "tool yes", [.. places.OfType<FilePlace>()]);
        return !places.Contains(null);
    }

    public static bool TryReadSight(string output, out FileArrival sight)
    {
        var words = output.Trim().Split(' ');
        ArrivedCopy? state = words[0] switch
        {
            "whole" => ArrivedCopy.Whole,
            "part" => ArrivedCopy.Part,
            "other" => ArrivedCopy.OtherFile,
            "none" => ArrivedCopy.None,
            _ => null,
        };
        var isRead = words.Length == 2 & TryNumber(words[^1], out var bytes) && state is not null;
        sight = new FileArrival(state ?? ArrivedCopy.None, bytes);
        return isRead;
    }

    public static (string First, string Others) FirstLine(string text)
    {
        var parts = text.Trim().Split('\n', 2);
        return (parts[0].Trim(), parts.Length > 1 ? string.Join(" / ", parts[1].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(3)) : string.Empty);
    }

    private static FilePlace? Place(string path, string line)
    {
        var words = line.Split(' ');
        if (words.Length < 2 || !TryNumber(words[1], out var free))
        {
            return null;
        }

        const int KiB = 1024;
        return words switch
        {
            ["-", _] => new FilePlace(path, null, false, free * KiB),
            ["!", _] => new FilePlace(path, null, true, free * KiB),
            ["+", _, var size, var identity, var sum, var image] when TryNumber(size, out var bytes) =>
                new FilePlace(path, new HostFile(bytes, identity, sum == "-" ? null : sum, Image(image)), false, free * KiB),
            _ => null,
        };
    }

    /// <summary>Null when the image could not be read; then nobody may rely on what it is.</summary>
    private static DiskImage? Image(string base64)
    {
        var bytes = new byte[base64.Length];
        if (base64 == "-" || !Convert.TryFromBase64String(base64, bytes, out var length))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetString(bytes, 0, length));
            var info = document.RootElement;
            return new DiskImage(
                info.GetProperty("format").GetString() ?? string.Empty,
                info.GetProperty("virtual-size").GetInt64(),
                info.TryGetProperty("backing-filename", out var backing) ? backing.GetString() : null,
                info.TryGetProperty("snapshots", out var snapshots) && snapshots.ValueKind == JsonValueKind.Array ? snapshots.GetArrayLength() : 0);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static bool TryNumber(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
