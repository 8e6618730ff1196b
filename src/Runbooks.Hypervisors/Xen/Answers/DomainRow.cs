using System.Globalization;
using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Xen.Answers;

/// <summary>What the name of a domain says of its part in a migration; xl renames domains on the way.</summary>
internal enum DomainRole
{
    /// <summary>The VM itself.</summary>
    Itself,

    /// <summary><c>NAME--incoming</c>: a copy that is still arriving, or that never arrived.</summary>
    Incoming,

    /// <summary><c>NAME--migratedaway</c>: the destination may have been told to start its copy.</summary>
    MigratedAway,

    /// <summary>
    /// A domain without a name: it is being made, or it is being taken down, perhaps by somebody who died over it. Only its
    /// UUID tells whose it is.
    /// </summary>
    Nameless,
}

/// <summary>One line of <c>xl list -v</c>.</summary>
/// <param name="Name">The VM that the domain is or is a copy of; the default for a nameless one.</param>
/// <param name="Role">Which copy.</param>
/// <param name="Id">The domain's number on this host.</param>
/// <param name="MemoryMiB">What it holds, MiB.</param>
/// <param name="Vcpus">Its vCPUs that are online.</param>
/// <param name="Flags">Six characters: running, blocked, paused, shut down, why, dying.</param>
/// <param name="CpuTime">CPU time that it has used.</param>
/// <param name="Uuid">Its UUID.</param>
internal sealed record DomainRow(VmName Name, DomainRole Role, int Id, int MemoryMiB, int Vcpus, string Flags, TimeSpan CpuTime, Guid Uuid)
{
    private const string IncomingEnd = "--incoming";
    private const string AwayEnd = "--migratedaway";
    private const int Columns = 7;

    public bool IsPaused => Flags[2] == 'p';

    public bool IsShutDown => Flags[3] == 's';

    /// <summary>It has stopped itself for a migration, and its memory is whole.</summary>
    public bool IsSuspended => IsShutDown && Flags[4] == 's';

    public bool HasCrashed => IsShutDown && Flags[4] is 'c' or 'w';

    public bool IsDying => Flags[5] == 'd';

    /// <summary>
    /// Every guest of the answer, and the first domain's row apart from them. False, with the reason, when a line is not
    /// understood.
    /// </summary>
    public static bool TryRead(IReadOnlyList<string> lines, out (DomainRow? First, IReadOnlyList<DomainRow> Guests) rows, out string problem)
    {
        rows = (null, []);
        problem = string.Empty;
        if (lines.Count == 0 || !lines[0].StartsWith("Name", StringComparison.Ordinal) || !lines[0].Contains("UUID", StringComparison.Ordinal))
        {
            problem = $"there is no line of headings, found '{(lines.Count > 0 ? lines[0] : string.Empty)}'";
            return false;
        }

        DomainRow? first = null;
        var guests = new List<DomainRow>();
        foreach (var line in lines.Skip(1))
        {
            if (!TryReadLine(line, out var row, out problem))
            {
                return false;
            }

            if (row.Id == 0)
            {
                first = row;
            }
            else
            {
                guests.Add(row);
            }
        }

        problem = first is null ? "there is no first domain in the list" : string.Empty;
        rows = (first, guests);
        return first is not null;
    }

    private static bool TryReadLine(string line, out DomainRow row, out string problem)
    {
        row = null!;
        problem = $"'{line}' is not a line of 'xl list -v'";
        var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < Columns
            || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            || !int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out var memory)
            || !int.TryParse(words[3], NumberStyles.None, CultureInfo.InvariantCulture, out var vcpus)
            || words[4].Length != 6
            || !double.TryParse(words[5], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            || !Guid.TryParseExact(words[6], "D", out var uuid))
        {
            return false;
        }

        problem = string.Empty;
        row = new DomainRow(default, DomainRole.Nameless, id, memory, vcpus, words[4], TimeSpan.FromSeconds(seconds), uuid);
        if (words[0] == "(null)")
        {
            problem = row.IsPaused || row.IsShutDown || row.IsDying ? string.Empty : $"domain {id} runs and has no name";
            return problem.Length == 0;
        }

        var (text, role) = words[0].EndsWith(IncomingEnd, StringComparison.Ordinal) ? (words[0][..^IncomingEnd.Length], DomainRole.Incoming)
            : words[0].EndsWith(AwayEnd, StringComparison.Ordinal) ? (words[0][..^AwayEnd.Length], DomainRole.MigratedAway)
            : (words[0], DomainRole.Itself);
        if (!VmName.TryParse(text, out var name))
        {
            // Passing over it would let a host that runs it be switched off.
            problem = $"the domain name '{words[0]}' has characters that the fleet does not allow; rename it (xl rename)";
            return false;
        }

        row = row with { Name = name, Role = role };
        return true;
    }
}
