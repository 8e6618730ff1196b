using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.FleetFiles;

/// <summary>A fleet that was read from a file.</summary>
/// <param name="Fleet">Its hosts and VMs. A host's memory is what VMs may use: what the host itself needs is taken off.</param>
/// <param name="VcpuRatio">Most vCPUs per core, when the file says so.</param>
public sealed record FleetFile(FleetSnapshot Fleet, double? VcpuRatio);

/// <summary>A fleet file that can't be read.</summary>
public sealed class FleetFileException : Exception
{
    /// <param name="line">Line in the file, from 1.</param>
    /// <param name="field">The field, for example <c>hosts[3].cores</c>.</param>
    /// <param name="problem">What was found and what is wanted.</param>
    public FleetFileException(long line, string field, string problem)
        : base($"Line {line}, field '{field}': {problem}")
    {
        Line = line;
        Field = field;
    }

    public long Line { get; }

    public string Field { get; }

    /// <summary>The line is in the text of loads, not in that of the fleet.</summary>
    public bool IsInLoads { get; init; }
}
