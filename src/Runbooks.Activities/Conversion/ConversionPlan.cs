using System.Text.Json;
using System.Text.Json.Serialization;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Activities.Conversion;

/// <summary>What becomes of one file of a VM.</summary>
internal enum FileWay
{
    /// <summary>It is copied.</summary>
    Copy,

    /// <summary>Both hosts have the same file at the same path, on storage that they share.</summary>
    Shared,

    /// <summary>The destination has a file of the same content there: a kernel that other VMs boot too.</summary>
    SameThere,
}

/// <summary>One file of a VM, and what becomes of it.</summary>
/// <param name="From">Its path at the source.</param>
/// <param name="To">Its path at the destination.</param>
/// <param name="FromFormat">Its format at the source.</param>
/// <param name="ToFormat">Its format at the destination.</param>
/// <param name="Bytes">Its size at the source.</param>
/// <param name="Identity">As it was when it was looked at.</param>
/// <param name="Way">What becomes of it.</param>
/// <param name="IsDisk">It is a disk, and not a kernel or a RAM disk.</param>
internal sealed record PlannedFile(string From, string To, string FromFormat, string ToFormat, long Bytes, string Identity, FileWay Way, bool IsDisk);

/// <summary>Everything that was decided about a conversion when the VM was looked at. Kept with the run, so that each step does the same.</summary>
/// <param name="Before">The VM at its source, as it was understood.</param>
/// <param name="Definition">Its definition at the destination.</param>
/// <param name="Files">Its files.</param>
internal sealed record ConversionPlan(ConvertibleVm Before, VmDefinition Definition, IReadOnlyList<PlannedFile> Files)
{
    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };

    /// <summary>Two descriptions of VMs are the same when they are written alike.</summary>
    public static bool IsSame(ConvertibleVm one, ConvertibleVm other) => JsonSerializer.Serialize(one, Json) == JsonSerializer.Serialize(other, Json);

    public string Write() => JsonSerializer.Serialize(this, Json);

    /// <summary>Null for a text that no check has written.</summary>
    public static ConversionPlan? Read(string? text)
    {
        try
        {
            return text is null ? null : JsonSerializer.Deserialize<ConversionPlan>(text, Json) is { Before: not null, Definition: not null, Files: not null } plan ? plan : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
