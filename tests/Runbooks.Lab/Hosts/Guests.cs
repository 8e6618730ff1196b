using Runbooks.Fleet.Model;

namespace Runbooks.Lab.Hosts;

/// <summary>The running guests of one test, and what the hosts themselves say of them.</summary>
public sealed class Guests(LabHosts lab) : IAsyncDisposable
{
    public static readonly HostName Host1 = new("host1");
    public static readonly HostName Host2 = new("host2");
    public static readonly HostName Host3 = new("host3");

    private static readonly HostName[] Hosts = [Host1, Host2, Host3];
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static int count;

    private readonly List<VmName> names = [];

    /// <summary>Defines and starts a guest that writes memory, and waits for its first beat; <paramref name="more"/> are words for <c>guest-define</c>.</summary>
    public async Task<VmName> StartAsync(HostName host, int memoryMiB = 96, int workingSetMiB = 0, int writeMiBs = 0, int maxVcpus = 0, int maxMemoryMiB = 0, IReadOnlyList<string>? more = null)
    {
        var name = new VmName($"vm{Interlocked.Increment(ref count)}");
        names.Add(name);
        await lab.Lab.RunAsync(["guest-define", name.Value, host.Value, "--memory", $"{memoryMiB}", "--ws", $"{workingSetMiB}", "--rate", $"{writeMiBs}", "--max-vcpus", $"{maxVcpus}", "--max-memory", $"{maxMemoryMiB}", .. more ?? []]);
        await lab.Lab.RunAsync("guest-start", name.Value, host.Value);
        await UntilAsync($"{name} beats", () => Task.FromResult(lab.Beats(name).Count > 0));
        return name;
    }

    /// <summary>
    /// Asks every host that is on, on its own console: the guest is defined and runs there and nowhere else, no job works on
    /// it, and it is still the instance that was started.
    /// </summary>
    public async Task RunsOnlyOnAsync(HostName host, VmName vm)
    {
        foreach (var other in Hosts)
        {
            if ((await lab.Lab.RunAsync("powerstatus", other.Value)).Trim() == "on")
            {
                var all = await ListAsync(other, "--all");
                var running = await ListAsync(other, "--state-running");
                Assert.True(all.Contains(vm.Value) == (other == host), $"{other} has defined: {string.Join(", ", all)}; {vm} should be on {host} alone.");
                Assert.True(running.Contains(vm.Value) == (other == host), $"On {other} runs: {string.Join(", ", running)}; {vm} should run on {host} alone.");
            }
        }

        Assert.Contains("None", await lab.VirshAsync(host, "domjobinfo", vm.Value), StringComparison.Ordinal);
        var before = lab.Beats(vm).Count;
        await UntilAsync($"{vm} beats on", () => Task.FromResult(lab.Beats(vm).Count >= before + 2));
        var beats = lab.Beats(vm);

        // Two copies would both count into the one file; a restart would begin at 1 again.
        Assert.Equal(Enumerable.Range(1, beats.Count), beats);
    }

    /// <summary>QEMU's processes of a guest on a host: a copy that libvirt has lost sight of shows here.</summary>
    public async Task<int> ProcessesAsync(HostName host, VmName vm)
    {
        var lines = await lab.Lab.RunAsync("enter", host.Value, "sh", "-c", "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done 2>/dev/null");
        return lines.Split('\n').Count(l => l.Contains($"guest={vm},", StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in Hosts)
        {
            await lab.Lab.RunAsync("poweron", host.Value);
            await lab.Lab.RunAsync("heal", host.Value);
            await lab.Lab.RunAsync("virtd-start", host.Value);
            await UntilAsync($"{host} answers", async () => (await lab.Lab.TryAsync("ssh", host.Value, "virsh", "-c", "qemu:///system", "version")).Code == 0);
            foreach (var name in names)
            {
                _ = await lab.Lab.TryAsync("enter", host.Value, "virsh", "-c", "qemu:///system", "destroy", name.Value);
                _ = await lab.Lab.TryAsync("enter", host.Value, "virsh", "-c", "qemu:///system", "undefine", name.Value);
            }
        }
    }

    private async Task<string[]> ListAsync(HostName host, string which) =>
        (await lab.VirshAsync(host, "list", "--name", which)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited {Limit.TotalSeconds:0} s until {what}.");
            await Task.Delay(Pause);
        }
    }
}
