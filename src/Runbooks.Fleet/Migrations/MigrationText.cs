using System.Text.Json;
using System.Text.Json.Serialization;

namespace Runbooks.Fleet.Migrations;

/// <summary>Cases, forecasts and records as JSON, the same wherever they are kept: times as hh:mm:ss, enumerations by their names.</summary>
public static class MigrationText
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        // A range of time is a pair, and pairs have fields.
        IncludeFields = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(), new VmNameText(), new HostNameText() },
    };

    public static string Write<T>(T value)
        where T : class => JsonSerializer.Serialize(value, Options);

    /// <exception cref="JsonException">The text is not one.</exception>
    public static T Read<T>(string text)
        where T : class => JsonSerializer.Deserialize<T>(text, Options) ?? throw new JsonException($"There is no {typeof(T).Name} in 'null'.");

    private sealed class VmNameText : JsonConverter<Model.VmName>
    {
        public override Model.VmName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Model.VmName.TryParse(reader.GetString(), out var name) ? name : throw new JsonException("Not the name of a VM.");

        public override void Write(Utf8JsonWriter writer, Model.VmName value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }

    private sealed class HostNameText : JsonConverter<Model.HostName>
    {
        public override Model.HostName Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Model.HostName.TryParse(reader.GetString(), out var name) ? name : throw new JsonException("Not the name of a host.");

        public override void Write(Utf8JsonWriter writer, Model.HostName value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}
