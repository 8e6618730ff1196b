using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Libvirt.Answers;

/// <summary>
/// VMs from three answers: <c>list --all --uuid --name</c>, <c>list --all --persistent --name</c> and <c>domstats</c>.
/// </summary>
internal static class DomainList
{
    /// <summary>False, with the reason, when a line is not understood or the three do not agree.</summary>
    public static bool TryRead(
        DateTimeOffset at,
        IEnumerable<string> listed,
        IEnumerable<string> persistent,
        IEnumerable<string> stats,
        out IReadOnlyList<VmObservation> vms,
        out string problem)
    {
        vms = [];
        if (!TryReadNames(listed, out var uuids, out problem))
        {
            return false;
        }

        var defined = persistent.Select(l => l.Trim()).ToHashSet(StringComparer.Ordinal);
        var found = new List<VmObservation>();
        foreach (var (name, lines) in Domains(stats))
        {
            if (!uuids.TryGetValue(name, out var uuid))
            {
                problem = $"domstats tells of '{name}', which list does not";
                return false;
            }

            if (!TryReadOne(at, name, uuid, defined.Contains(name), lines, out var vm, out problem))
            {
                return false;
            }

            found.Add(vm);
        }

        vms = found;
        return true;
    }

    /// <summary>Lines of the form <c>uuid name</c>.</summary>
    public static bool TryReadNames(IEnumerable<string> listed, out Dictionary<string, Guid> uuids, out string problem)
    {
        uuids = new(StringComparer.Ordinal);
        problem = string.Empty;
        foreach (var line in listed)
        {
            var words = line.Trim().Split(' ', 2);
            if (words.Length != 2 || !Guid.TryParseExact(words[0], "D", out var uuid))
            {
                problem = $"'{line}' is not a UUID and a name";
                return false;
            }

            uuids[words[1]] = uuid;
        }

        return true;
    }

    private static bool TryReadOne(DateTimeOffset at, string name, Guid uuid, bool persistent, List<string> lines, out VmObservation vm, out string problem)
    {
        vm = null!;
        if (!VmName.TryParse(name, out var vmName))
        {
            // Passing over it would let a host that runs it be switched off.
            problem = $"the VM name '{name}' has characters that the fleet does not allow; rename it (virsh domrename)";
            return false;
        }

        var figures = Figures.Read(lines, '=');
        string[] missing = [.. figures.Missing("state.state", "state.reason", "balloon.current", "vcpu.current")];
        problem = missing.Length == 0 ? string.Empty : $"domstats of '{name}' has no usable {string.Join(", ", missing)}";
        var (state, reason) = VmStates.Of(figures.OrZero("state.state"), figures.OrZero("state.reason"));
        var usable = figures.Find("balloon.usable") ?? figures.Find("balloon.unused");
        vm = new VmObservation(
            at,
            vmName,
            uuid,
            state,
            reason,
            persistent,
            (int)figures.OrZero("vcpu.current"),
            NodeFigures.MiB(figures.OrZero("balloon.current") + 1023),
            // Without a QEMU, libvirt reports the CPU time of its own process.
            state is VmState.Running or VmState.Paused ? NodeFigures.Nanoseconds(figures.OrZero("cpu.time")) : TimeSpan.Zero,
            state == VmState.Running && figures.Find("balloon.available") is { } available && usable is not null
                ? NodeFigures.MiB(available - usable.Value)
                : null)
        {
            ResidentMiB = state is VmState.Running or VmState.Paused && figures.Find("balloon.rss") is { } rss ? NodeFigures.MiB(rss) : null,
        };
        return missing.Length == 0;
    }

    private static IEnumerable<(string Name, List<string> Lines)> Domains(IEnumerable<string> stats)
    {
        const string head = "Domain: '";
        List<string>? lines = null;
        var name = string.Empty;
        foreach (var line in stats)
        {
            if (line.StartsWith(head, StringComparison.Ordinal))
            {
                if (lines is not null)
                {
                    yield return (name, lines);
                }

                // One quote, not all: a name may end with one, and is another name without it.
                (name, lines) = (line.EndsWith('\'') && line.Length > head.Length ? line[head.Length..^1] : line[head.Length..], []);
            }
            else
            {
                lines?.Add(line);
            }
        }

        if (lines is not null)
        {
            yield return (name, lines);
        }
    }
}
