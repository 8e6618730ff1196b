using System.Diagnostics;
using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.FailureTable;

/// <summary>Two real hosts and a server of their own, on which rows of the failure table are played one after the other.</summary>
public sealed class FailureLab : IAsyncLifetime
{
    private const int MemoryMiB = 96;

    /// <summary>Of which the guest writes more per second than the copy carries: it converges only when it may stand still.</summary>
    private const int WorkingSetMiB = 12;

    private const int WriteMiBs = 24;

    private const int CopyMiBs = 6;

    /// <summary>A host may hear only after minutes that a connection had ended while it was cut off: TCP tries again ever more seldom.</summary>
    private static readonly TimeSpan RestWithin = TimeSpan.FromMinutes(5);

    /// <summary>How often a row may miss its moment.</summary>
    private const int MostMissed = 2;

    public const int SlowNetworkKiBs = CopyMiBs * 1024;

    /// <summary>Slower than that for a moment: even the state of a guest's devices takes most of a second.</summary>
    public const int LastPagesKiBs = 96;

    /// <summary>Long enough for the whole working set, so that pre-copy ends after its first rounds.</summary>
    private const int DowntimeMs = 10_000;

    /// <summary>The same, and short enough that what is left is through before a libvirtd misses the other, which is frozen meanwhile.</summary>
    private const int SlowNetworkDowntimeMs = 5_000;

    private readonly LabHosts lab = new(2, "--Engine:ReconcileFor=00:00:03");
    private readonly List<VmName> guests = [];
    private ServerProcess server = null!;

    public HostBox Host1 { get; private set; } = null!;

    public HostBox Host2 { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await lab.InitializeAsync();
        server = await lab.ServerAsync();
        (Host1, Host2) = (new(lab, new HostName("host1")), new(lab, new HostName("host2")));
    }

    public Task DisposeAsync() => lab.DisposeAsync();

    /// <summary>
    /// Plays a row and looks at the hosts afterwards. Never throws for what the row finds. Some rows strike within a second
    /// that hosts may be through before we see it; then nothing was shown, and the row is played again.
    /// </summary>
    public async Task<RowResult> PlayAsync(FailureRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        for (var missed = 0; ; missed++)
        {
            var (result, isMissed) = await PlayOnceAsync(row);
            if (!isMissed || missed == MostMissed)
            {
                return result with { Missed = missed };
            }
        }
    }

    private async Task<(RowResult Result, bool IsMissed)> PlayOnceAsync(FailureRow row)
    {
        var missed = false;
        var ends = new List<RowEnd>();
        var wrong = new List<string>();
        var started = Stopwatch.GetTimestamp();
        Scene? scene = null;
        try
        {
            scene = new Scene(lab, server, await StartGuestAsync(), Host1, Host2);
            if (row.SlowNetwork)
            {
                await Host1.LimitAsync(SlowNetworkKiBs);
            }

            await DoAsync(row.Before, scene);
            started = Stopwatch.GetTimestamp();
            scene.Run = await server.RunAsync("migrate-vm", InputOf(row, scene.Vm));
            missed = !await StrikeAsync(row, scene, wrong);
            if (!missed)
            {
                await ComeToRestAsync(row, scene, ends, wrong);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A row that breaks is a result as well: the others are played all the same.
            wrong.Add($"{e.GetType().Name}: {e.Message}");
        }

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await RestoreAsync();
        if (scene is { Run.Length: > 0 })
        {
            await LetGoAsync(scene, wrong);
        }

        return (new RowResult(row, ends, wrong, seconds), missed);
    }

    /// <summary>Does what happens to the run; false when the moment for it had passed.</summary>
    private static async Task<bool> StrikeAsync(FailureRow row, Scene scene, List<string> wrong)
    {
        try
        {
            await DoAsync(row.Happens, scene);
            return true;
        }
        catch (MissedMomentException e)
        {
            wrong.Add(e.Message);
            return false;
        }
    }

    private async Task ComeToRestAsync(FailureRow row, Scene scene, List<RowEnd> ends, List<string> wrong)
    {
        ends.Add(await EndAsync(scene, row, wrong));
        if (row.AtLast is { } last && ends[^1] == RowEnd.NeedsAttention)
        {
            await DoAsync(row.Then, scene);
            ends.Add(await EndAsync(scene, row with { Ends = last, Says = [] }, wrong));
        }

        wrong.AddRange(await new FinalCheck(scene).LookAsync(ends[^1] == row.OrEnds ? row with { Ends = ends[^1] } : row));
    }

    private static async Task DoAsync(IEnumerable<Act> acts, Scene scene)
    {
        foreach (var act in acts)
        {
            await act.DoAsync(scene);
        }
    }

    private async Task<RowEnd> EndAsync(Scene scene, FailureRow row, List<string> wrong)
    {
        var seen = await server.EndOfAsync(scene.Run, RestWithin);
        var end = seen.Status switch
        {
            "finished" => RowEnd.Moved,
            "compensated" or "cancelled" => RowEnd.NotMoved,
            _ => RowEnd.NeedsAttention,
        };
        if (end != row.Ends && end != row.OrEnds)
        {
            wrong.Add($"It ended as {end} instead of {row.Ends}: {seen}");
        }

        wrong.AddRange(row.Says.Where(s => !seen.Reason.Contains(s, StringComparison.Ordinal)).Select(s => $"The reason does not say '{s}': {seen.Reason}"));
        return end;
    }

    private static JsonObject InputOf(FailureRow row, VmName vm)
    {
        // The mode is not left to the choice: a guest that writes more than the copy carries would go by post-copy.
        var input = new JsonObject
        {
            ["Vm"] = vm.Value,
            ["Destination"] = "host2",
            ["BandwidthMiBs"] = CopyMiBs,
            ["MaxDowntimeMs"] = row.SlowNetwork ? SlowNetworkDowntimeMs : DowntimeMs,
            ["Mode"] = "PreCopy",

            // Measured before the start, most of these guests write too fast: with this they are tried all the same.
            ["OnNoConvergence"] = new JsonArray("RaiseDowntime", "Suspend"),
        };
        foreach (var (name, value) in row.Inputs)
        {
            input[name] = value?.DeepClone();
        }

        return input;
    }

    private async Task<VmName> StartGuestAsync()
    {
        var vm = new VmName($"row{guests.Count + 1}");
        guests.Add(vm);
        await lab.Lab.RunAsync("guest-define", vm.Value, "host1", "--memory", $"{MemoryMiB}", "--ws", $"{WorkingSetMiB}", "--rate", $"{WriteMiBs}");
        await lab.Lab.RunAsync("guest-start", vm.Value, "host1");
        await Scene.UntilAsync($"{vm} beats", () => lab.Beats(vm).Count > 0);
        return vm;
    }

    /// <summary>A run that has not ended holds hosts, and would be in the way of the rows after it.</summary>
    private async Task LetGoAsync(Scene scene, List<string> wrong)
    {
        try
        {
            if (!(await server.SeeAsync(scene.Run)).HasEnded)
            {
                _ = await server.CancelAsync(scene.Run);
                await server.UntilReleasedAsync(scene.Vm);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            wrong.Add($"Its run still holds the hosts: {e.Message}");
        }
    }

    /// <summary>Everything goes on, and no guest is left.</summary>
    private async Task RestoreAsync()
    {
        await server.RestoreKeysAsync();
        if (!server.IsRunning)
        {
            await server.StartAsync();
        }

        foreach (var host in new[] { Host1, Host2 })
        {
            host.Thaw(guests);
            await Virsh.MendAsync(host, lab.Lab);
            await lab.Lab.RunAsync("poweron", host.Name.Value);
            await lab.Lab.RunAsync("heal", host.Name.Value);
            await lab.Lab.RunAsync("virtd-start", host.Name.Value);
            await host.LimitAsync(0);
            await Scene.UntilAsync($"{host.Name} answers", async () => (await lab.Lab.TryAsync("ssh", host.Name.Value, "virsh", "-c", "qemu:///system", "version")).Code == 0);
            foreach (var left in (await lab.VirshAsync(host.Name, "list", "--all", "--name")).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                _ = await lab.Lab.TryAsync("enter", host.Name.Value, "virsh", "-c", "qemu:///system", "destroy", left);
                _ = await lab.Lab.TryAsync("enter", host.Name.Value, "virsh", "-c", "qemu:///system", "undefine", left);
            }
        }

        await server.UntilAsync("the server sees both hosts", async () =>
            (await server.SeeHostAsync(Host1.Name)).IsUsable && (await server.SeeHostAsync(Host2.Name)).IsUsable);
    }
}
