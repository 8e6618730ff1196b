using Runbooks.Fleet.Model;
using Runbooks.Lab.Hosts;

namespace Runbooks.LabXen.Hosts;

/// <summary>Two real Xen machines and one libvirt host in one lab that belongs to this test run alone.</summary>
public sealed class XenMachines : LabHosts
{
    public static readonly HostName Xen1 = new("xen1");
    public static readonly HostName Xen2 = new("xen2");
    public static readonly HostName Kvm1 = new("host1");

    private static int count;

    protected override IReadOnlyList<string> Size => ["1", "2"];

    /// <summary>A name that no other test of this run uses.</summary>
    public static VmName NewName() => new($"guest{Interlocked.Increment(ref count)}");

    /// <summary>A program on a machine's own console: past the driver, its connections, and the network.</summary>
    public Task<string> ShellAsync(HostName host, string script, params string[] words) =>
        Lab.RunAsync(["enter", host.Value, "sh", "-c", script, "sh", .. words]);

    /// <summary>The counters of a guest's heartbeat so far, from every Xen machine that it has run on, in order of their size.</summary>
    public async Task<IReadOnlyList<int>> BeatsAsync(VmName vm) =>
    [
        .. (await Lab.RunAsync("guest-beats", vm.Value)).Split('\n')
            .Select(l => l.Trim().Split(' '))
            .Where(w => w.Length > 2 && w[0] == "BEAT")
            .Select(w => int.Parse(w[1]))
            .Order(),
    ];

    /// <summary>Looks until a condition holds.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds, TimeSpan? within = null)
    {
        var time = within ?? TimeSpan.FromMinutes(3);
        using var limit = new CancellationTokenSource(time);
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited {time.TotalSeconds:0} s until {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(250));
        }
    }

    /// <summary>Two copies would count the same beats twice, and a restart would begin at 1 again.</summary>
    public async Task OneCopyBeatsAsync(VmName vm)
    {
        var before = (await BeatsAsync(vm)).Count;
        await UntilAsync($"{vm} beats on", async () => (await BeatsAsync(vm)).Count >= before + 2);
        var beats = await BeatsAsync(vm);
        Assert.Equal(Enumerable.Range(1, beats.Count), beats);
    }

    /// <summary>Takes a guest down on both machines, whatever it was renamed to, and its definition with it.</summary>
    public async Task RemoveAsync(HostName host, VmName vm)
    {
        const string Remove = "for n in \"$1\" \"$1--incoming\" \"$1--migratedaway\"; do xl destroy \"$n\" 2>/dev/null; done; rm -f \"/etc/xen/runbooks/$1.cfg\" \"/guests/$1.img\"; true";
        _ = await ShellAsync(host, Remove, vm.Value);
    }
}

/// <summary>All tests of real Xen machines share one lab and run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class XenCollection : ICollectionFixture<XenMachines>
{
    public const string Name = "xen";
}
