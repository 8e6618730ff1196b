using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>The world as a JSON file. A reader finds the old file or the new one, never half of one.</summary>
internal static class WorldFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        Converters = { new HostNameConverter(), new VmNameConverter(), new JsonStringEnumConverter() },
    };

    public static void Write(string path, WorldState world)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var draft = full + ".new";
        File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(world, Options));
        File.Move(draft, full, overwrite: true);
    }

    public static WorldState Read(string path)
    {
        WorldState? world;
        try
        {
            world = JsonSerializer.Deserialize<WorldState>(File.ReadAllBytes(path), Options);
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new InvalidDataException($"'{path}' is not a saved simulated fleet: {e.Message} Move it away to begin a new one.", e);
        }

        return world?.Version == WorldState.CurrentVersion
            ? world
            : throw new InvalidDataException(
                $"'{path}' holds a simulated fleet of version {world?.Version.ToString() ?? "none"}; this program reads version {WorldState.CurrentVersion}. Move it away to begin a new one.");
    }

    private sealed class HostNameConverter : JsonConverter<HostName>
    {
        public override HostName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, HostName value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }

    private sealed class VmNameConverter : JsonConverter<VmName>
    {
        public override VmName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, VmName value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}

/// <summary>A VM of a simulated fleet has the same UUID in every run and on every host: it is made from its name.</summary>
internal static class VmIdentity
{
    public static Guid Of(VmName vm) => new(SHA256.HashData(Encoding.UTF8.GetBytes("simulated/" + vm.Value)).AsSpan(0, 16));
}
