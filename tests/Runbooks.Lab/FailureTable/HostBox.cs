using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Runbooks.Fleet.Model;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.FailureTable;

/// <summary>What libvirtd keeps of a VM in its own books: read from its file, so it is there while libvirtd itself is frozen.</summary>
/// <param name="State">State of the domain; empty when libvirtd keeps nothing of it.</param>
/// <param name="Reason">Why it is in that state, in libvirt's words.</param>
/// <param name="Job">Long job, such as <c>migration out</c>; empty for none.</param>
/// <param name="Phase">Phase of that job.</param>
public sealed record Books(string State, string Reason, string Job, string Phase);

/// <summary>Signals, with Linux' numbers.</summary>
public enum Signal
{
    Kill = 9,
    Continue = 18,
    Stop = 19,
}

/// <summary>One lab host from outside: its processes, its libvirtd's books, its sockets. Works whatever the host itself can do.</summary>
public sealed partial class HostBox(LabHosts lab, HostName name)
{
    private const string MigrationPorts = ":C0";

    public HostName Name => name;

    /// <summary>The first process of the host, as this machine numbers it; null while the host is off.</summary>
    private int? Init
    {
        get
        {
            var file = Path.Combine(lab.Folder, name.Value, "pid");
            return File.Exists(file)
                && int.TryParse(File.ReadAllText(file).Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Directory.Exists($"/proc/{pid}")
                ? pid
                : null;
        }
    }

    public bool IsOn => Init is not null;

    public Books BooksOf(VmName vm)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{Init}/root/run/libvirt/qemu/{vm}.xml");
            var job = JobLine().Match(text);
            var state = StateLine().Match(text);
            return new(state.Groups[1].Value, state.Groups[2].Value, job.Groups[1].Value, job.Groups[2].Value);
        }
        catch (IOException)
        {
            return new(string.Empty, string.Empty, string.Empty, string.Empty);
        }
    }

    /// <summary>Whether a migration's data connection of this host is open.</summary>
    public bool HasDataConnection() => DataConnections().Any();

    /// <summary>Whether a migration's data connection has something that is not on the wire yet: on a slow network it always has while QEMU sends.</summary>
    public bool HasUnsentData() => DataConnections().Any(w => !w[4].StartsWith("00000000:", StringComparison.Ordinal));

    /// <summary>Lines of the kernel's table of connections, in words.</summary>
    private IEnumerable<string[]> DataConnections() => Init is not { } pid ? [] : File.ReadLines($"/proc/{pid}/net/tcp").Skip(1)
        .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(w => w[3] == "01" && (w[1].Contains(MigrationPorts, StringComparison.Ordinal) || w[2].Contains(MigrationPorts, StringComparison.Ordinal)));

    public IReadOnlyList<int> Libvirtd() => Processes(words => words[0] == "/usr/sbin/libvirtd");

    public IReadOnlyList<int> Qemu(VmName vm) => Processes(words => words[0].Contains("qemu-system", StringComparison.Ordinal) && words.Any(w => w.StartsWith($"guest={vm},", StringComparison.Ordinal)));

    /// <summary>The virsh that asked libvirtd for the migration.</summary>
    public IReadOnlyList<int> MigratingVirsh(VmName vm) => Processes(words => words[0] == "virsh" && words.Contains("migrate") && words.Contains(vm.Value));

    /// <summary>The daemon that takes connections; not those that serve one.</summary>
    public IReadOnlyList<int> ListeningSshd() => Processes(words => words[0].Contains("sshd", StringComparison.Ordinal) && words[0].Contains("[listener]", StringComparison.Ordinal));

    /// <summary>Without a program between: what is to be frozen may be over in a moment.</summary>
    public void Signal(Signal signal, IReadOnlyList<int> pids)
    {
        if (pids.Count == 0)
        {
            throw new MissedMomentException($"There is no process on {name} to send {signal} to.");
        }

        foreach (var pid in pids)
        {
            _ = Kill(pid, (int)signal);
        }
    }

    /// <summary>Everything that was frozen goes on.</summary>
    public void Thaw(IEnumerable<VmName> vms)
    {
        if (IsOn)
        {
            int[] all = [.. Libvirtd(), .. ListeningSshd(), .. vms.SelectMany(Qemu)];
            if (all.Length > 0)
            {
                Signal(FailureTable.Signal.Continue, all);
            }
        }
    }

    /// <summary>Makes the host's network slow outwards, KiB per second: QEMU's own limit does not hold for the last pages. 0: as it was.</summary>
    public async Task LimitAsync(int kibPerSecond)
    {
        string[] words = kibPerSecond == 0
            ? ["qdisc", "del", "dev", "eth0", "root"]
            : ["qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", $"{kibPerSecond * 8}kbit", "burst", $"{Math.Max(4, kibPerSecond / 96)}kb", "latency", "50ms"];
        using var tc = Process.Start(new ProcessStartInfo("nsenter", [$"--net=/proc/{Init}/ns/net", "--", "tc", .. words]) { UseShellExecute = false, RedirectStandardError = true })!;
        await tc.WaitForExitAsync();
    }

    private List<int> Processes(Func<string[], bool> matches)
    {
        var found = new List<int>();
        if (Init is not { } init || PidNamespace(init) is not { } ours)
        {
            return found;
        }

        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && PidNamespace(pid) == ours
                && CommandLine.Of(pid) is { Length: > 0 } words
                && matches(words))
            {
                found.Add(pid);
            }
        }

        return found;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Kill(int pid, int signal);

    private static string? PidNamespace(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/ns/pid").LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }

    [GeneratedRegex("<domstatus state='(?<state>[^']*)' reason='(?<reason>[^']*)'", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StateLine();

    [GeneratedRegex("<job [^>]*async='(?<job>[^']*)' phase='(?<phase>[^']*)'", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex JobLine();
}
