using System.Collections.Immutable;
using System.Text.Json;
using Runbooks.Fleet.Energy;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Fleet.Simulation.Cluster;

/// <summary>Reads the JSON file that describes the machines of a simulation.</summary>
public static class SetupReader
{
    /// <param name="json">The file's text.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="TraceFormatException">The text is no set-up; the message names the line or the field.</exception>
    public static ClusterSetup Read(string json, string file)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(new Field(document.RootElement, file, "$"));
        }
        catch (JsonException e)
        {
            throw new TraceFormatException($"{file}, line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}: this is not JSON. {e.Message.Split(" LineNumber:", StringSplitOptions.None)[0]}");
        }
    }

    private static ClusterSetup Read(Field root)
    {
        var models = root.Child("host_types").Members().Select(m => ReadModel(m.Name, m.Value)).ToImmutableArray();
        var sizes = root.Child("vm_types").Items().Select(t => new VmSize(t.Child("mips").Number(1, 1e9), t.Child("ram_mb").Number(1, 1e9))).ToImmutableArray();
        if (root.Has("vm_cores"))
        {
            _ = root.Child("vm_cores").Whole(1, 1);
        }

        return new ClusterSetup(
            root.Child("hosts").Whole(1, 1_000_000),
            models,
            sizes,
            root.Child("sample_s").Number(1, 86_400),
            root.Child("migration_bandwidth_mb_s").Number(0.001, 1e9),
            root.Child("degradation_while_migrating").Number(0, 1),
            root.Child("destination_cpu_while_migrating").Number(0, 1),
            root.Child("energy_window_s").Items()[0].Number(0, 1e9));
    }

    private static HostModel ReadModel(string name, Field model)
    {
        var power = model.Child("power_w");
        var watts = power.Items().Select(w => w.Number(0, 1e6)).ToArray();
        return watts.Length >= 2
            ? new HostModel(
                name,
                model.Child("cores").Whole(1, 100_000),
                model.Child("mips_per_core").Number(1, 1e9),
                model.Child("ram_mb_paper").Number(1, 1e12),
                model.Child("ram_mb_hard_mode").Number(1, 1e12),
                new PowerCurve(watts))
            : throw power.Wrong("watts at 0 % to 100 % load in equal steps, two or more");
    }

    /// <summary>A value of the file with the way to it.</summary>
    private sealed class Field(JsonElement value, string file, string path)
    {
        public TraceFormatException Wrong(string wanted) =>
            new($"{file}, field {path}: found {(value.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? value.ValueKind.ToString().ToLowerInvariant() : value.GetRawText())}; it must be {wanted}.");

        public bool Has(string name) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out _);

        public Field Child(string name) =>
            value.ValueKind != JsonValueKind.Object ? throw Wrong("an object")
            : value.TryGetProperty(name, out var child) ? new Field(child, file, $"{path}.{name}")
            : throw new TraceFormatException($"{file}, field {path}.{name}: it is missing.");

        public IReadOnlyList<Field> Items() => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
            ? [.. value.EnumerateArray().Select((item, i) => new Field(item, file, $"{path}[{i}]"))]
            : throw Wrong("a list with one entry or more");

        public IReadOnlyList<(string Name, Field Value)> Members() => value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Any()
            ? [.. value.EnumerateObject().Select(m => (m.Name, new Field(m.Value, file, $"{path}.{m.Name}")))]
            : throw Wrong("an object with one entry or more");

        public double Number(double least, double most) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most
                ? number
                : throw Wrong($"a number from {least} to {most}");

        public int Whole(int least, int most) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most
                ? number
                : throw Wrong($"a whole number from {least} to {most}");
    }
}
