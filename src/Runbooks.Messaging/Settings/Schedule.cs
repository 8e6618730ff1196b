using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Quartz;

namespace Runbooks.Messaging.Settings;

/// <summary>What a schedule does while a run that it started is still open.</summary>
public enum WhenBusy
{
    /// <summary>Nothing: the next time is soon enough.</summary>
    Skip,

    /// <summary>It starts another run beside it.</summary>
    Start,
}

/// <summary>A runbook that is started by time. One of <paramref name="Cron"/> and <paramref name="Every"/> is set.</summary>
/// <param name="Name">Unique; runs carry it as <c>schedule:name</c>.</param>
/// <param name="Cron">Quartz's cron expression with seconds, in UTC.</param>
/// <param name="Every">The pause between two starts, at least 1 s; the first is at once.</param>
/// <param name="Runbook">What is started.</param>
/// <param name="Input">With what.</param>
/// <param name="WhenBusy">What happens while the run before is still open.</param>
public sealed record Schedule(string Name, string? Cron, TimeSpan? Every, string Runbook, JsonObject Input, WhenBusy WhenBusy);

internal static class ScheduleReader
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>The schedules that are enabled; those that are not are checked all the same.</summary>
    public static IReadOnlyList<Schedule> Read(IConfigurationSection section, List<string> problems)
    {
        var schedules = new List<Schedule>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in section.GetChildren())
        {
            var reader = new SectionReader(item, $"Schedules:{item["name"] ?? item.Key}", problems);
            reader.RefuseOthersThan("name", "cron", "every", "runbook", "input", "enabled", "whenBusy");
            var name = reader.Required("name", "a name of its own to each schedule");
            if (name.Length > 0 && !names.Add(name))
            {
                reader.Problem("there are two schedules of this name; their runs could not be told apart.");
            }

            var schedule = new Schedule(
                name,
                Cron(reader),
                Every(reader),
                reader.Required("runbook", "the id of the runbook that it starts"),
                reader.Json("input"),
                Enum.Parse<WhenBusy>(reader.OneOf("whenBusy", "skip", "skip", "start"), ignoreCase: true));
            if (reader.Text("cron") is null == reader.Text("every") is null)
            {
                reader.Problem("give either cron (such as \"0 0 2 * * ?\") or every (such as \"00:00:15\").");
            }

            if (reader.OneOf("enabled", "true", "true", "false") == "true")
            {
                schedules.Add(schedule);
            }
        }

        return schedules;
    }

    private static string? Cron(SectionReader reader)
    {
        if (reader.Text("cron") is not { } text)
        {
            return null;
        }

        try
        {
            _ = CronExpression.Parse(text);
        }
        catch (FormatException e)
        {
            reader.Problem($"cron is '{text}', which is not a Quartz cron expression: {e.Message}");
        }

        return text;
    }

    private static TimeSpan? Every(SectionReader reader)
    {
        if (reader.Text("every") is not { } text)
        {
            return null;
        }

        if (TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var every) && every >= Shortest)
        {
            return every;
        }

        reader.Problem($"every is '{text}'; it is a time span of at least one second, written like 00:00:15.");
        return null;
    }
}
