using System.Text.Json;
using Runbooks.Cli.Commands;
using Runbooks.Cli.Output;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;
using Spectre.Console;

namespace Runbooks.Cli.Planning;

/// <summary>A plan for people, and for programs.</summary>
internal static class PlanOutput
{
    /// <summary>Rows of a table that a person reads; the others are counted.</summary>
    private const int Rows = 40;

    /// <summary>Writes the plan as one JSON object; large plans have a hundred thousand rows, so nothing is built first.</summary>
    public static void Json(FleetSnapshot fleet, Plan plan, TimeSpan took)
    {
        using var stream = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Indented = true }))
        {
            Write(writer, fleet, plan, took);
        }

        stream.WriteByte((byte)'\n');
    }

    public static void Table(Plan plan, TimeSpan took)
    {
        var console = Terminal.Console;
        Terminal.Line($"{plan.Summary} Planned in {took.TotalMilliseconds:0} ms; hash {plan.FleetHash}.");
        if (!plan.Moves.IsEmpty)
        {
            var table = new Table().Border(TableBorder.Simple);
            _ = table.AddColumn("Wave").AddColumn("VM").AddColumn("From").AddColumn("To").AddColumn(new TableColumn("MiB").RightAligned()).AddColumn(new TableColumn("s").RightAligned()).AddColumn("Why");
            foreach (var move in plan.Moves.Take(Rows))
            {
                _ = table.AddRow([.. new[] { $"{move.Wave}", move.Vm.Value, move.From.ToString(), move.To.Value, $"{move.MemoryMiB}", $"{move.Seconds:0.0}", move.Reason }.Select(Markup.Escape)]);
            }

            console.Write(table);
            More(plan.Moves.Length, "moves");
        }

        foreach (var growth in plan.Growths.Take(Rows))
        {
            Terminal.Line($"{growth.Vm} grows to {growth.Vcpus} vCPUs: {growth.Reason}");
        }

        foreach (var power in plan.Power.Take(Rows))
        {
            Terminal.Line($"{power.Host} is switched {power.Target.ToString().ToLowerInvariant()}, wave {power.Wave}: {power.Reason}");
        }

        More(plan.Power.Length, "hosts");
        foreach (var refusal in plan.Refusals.Take(Rows))
        {
            Terminal.Line($"Not: {refusal.Subject}: {refusal.Reason}");
        }

        More(plan.Refusals.Length, "refusals");
        if (plan is { Before: { } before, After: { } after })
        {
            Terminal.Line($"Hosts used {before.HostsUsed} to {after.HostsUsed}; CPU deviation {before.CpuSd:0.0000} to {after.CpuSd:0.0000}, highest {before.CpuMax:0.00} to {after.CpuMax:0.00}; highest memory {before.MemMax:0.00} to {after.MemMax:0.00};");
            Terminal.Line($"hosts that may not fail {before.N1Failures} to {after.N1Failures}; power {before.EnergyW:0} to {after.EnergyW:0} W.");
        }
    }

    private static void More(int count, string what)
    {
        if (count > Rows)
        {
            Terminal.Line($"… and {count - Rows} more {what}; --json shows all.");
        }
    }

    private static void Write(Utf8JsonWriter writer, FleetSnapshot fleet, Plan plan, TimeSpan took)
    {
        writer.WriteStartObject();
        writer.WriteString("goal", plan.Goal);
        writer.WriteString("hash", plan.FleetHash);
        writer.WriteNumber("planMs", Math.Round(took.TotalMilliseconds, 1));
        List(writer, "moves", plan.Moves, (w, m) =>
        {
            w.WriteString("vm", m.Vm.Value);
            Name(w, "from", m.From);
            w.WriteString("to", m.To.Value);
            w.WriteNumber("wave", m.Wave);
            w.WriteNumber("memMiB", m.MemoryMiB);
            w.WriteNumber("seconds", Math.Round(m.Seconds, 1));
            w.WriteString("reason", m.Reason);
        });
        List(writer, "power", plan.Power, (w, p) =>
        {
            w.WriteString("host", p.Host.Value);
            w.WriteString("action", p.Target.ToString().ToLowerInvariant());
            w.WriteNumber("wave", p.Wave);
        });
        List(writer, "refused", plan.Refusals, (w, r) =>
        {
            w.WriteString("vm", r.Subject);
            w.WriteString("reason", r.Reason);
        });
        Figures(writer, "before", plan.Before);
        Figures(writer, "after", plan.After);
        writer.WriteStartObject("placement");
        var moved = plan.Moves.ToLookup(m => m.Vm);
        foreach (var vm in fleet.Vms)
        {
            Name(writer, vm.Name.Value, moved[vm.Name].LastOrDefault()?.To ?? vm.Host);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Name(Utf8JsonWriter writer, string property, HostName host)
    {
        if (host == default)
        {
            writer.WriteNull(property);
        }
        else
        {
            writer.WriteString(property, host.Value);
        }
    }

    private static void List<T>(Utf8JsonWriter writer, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartArray(name);
        foreach (var item in items)
        {
            writer.WriteStartObject();
            write(writer, item);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Figures(Utf8JsonWriter writer, string name, FleetFigures? figures)
    {
        if (figures is null)
        {
            writer.WriteNull(name);
            return;
        }

        writer.WriteStartObject(name);
        writer.WriteNumber("hostsUsed", figures.HostsUsed);
        writer.WriteNumber("cpuSd", figures.CpuSd);
        writer.WriteNumber("cpuMax", figures.CpuMax);
        writer.WriteNumber("memMax", figures.MemMax);
        writer.WriteNumber("n1Failures", figures.N1Failures);
        writer.WriteNumber("energyW", Math.Round(figures.EnergyW, 1));
        writer.WriteEndObject();
    }
}
