using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;

namespace Runbooks.Messaging.Settings;

/// <summary>What a threshold event starts.</summary>
/// <param name="Metric">The metric of the event.</param>
/// <param name="Direction"><c>rising</c> or <c>falling</c>.</param>
/// <param name="Runbook">What is started.</param>
/// <param name="Input">
/// With what. A text that is one of <see cref="Events.EventInput.Placeholders"/> is replaced by what the event says.
/// </param>
public sealed record EventBinding(string Metric, string Direction, string Runbook, JsonObject Input);

internal static class EventBindingReader
{
    public static readonly string[] Directions = ["rising", "falling"];

    public static IReadOnlyList<EventBinding> Read(IConfigurationSection section, List<string> problems)
    {
        var bindings = new List<EventBinding>();
        foreach (var item in section.GetChildren())
        {
            var reader = new SectionReader(item, $"Events:{item.Key}", problems);
            reader.RefuseOthersThan("metric", "direction", "runbook", "input");
            var binding = new EventBinding(
                reader.Required("metric", "the metric whose crossings start the runbook"),
                reader.OneOf("direction", Directions[0], Directions),
                reader.Required("runbook", "the id of the runbook that it starts"),
                reader.Json("input"));
            if (bindings.Exists(b => b.Metric == binding.Metric && b.Direction == binding.Direction))
            {
                reader.Problem($"another binding takes {binding.Direction} {binding.Metric} already; an event starts one runbook.");
            }

            foreach (var unknown in Events.EventInput.UnknownPlaceholders(binding.Input))
            {
                reader.Problem($"input holds {unknown}, which an event does not have. Known: {string.Join(", ", Events.EventInput.Placeholders)}.");
            }

            bindings.Add(binding);
        }

        return bindings;
    }
}
