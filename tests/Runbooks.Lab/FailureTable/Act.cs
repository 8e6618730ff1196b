using System.Diagnostics;

namespace Runbooks.Lab.FailureTable;

/// <summary>One line of a row: something that is waited for, done to the hosts, or done by the operator.</summary>
/// <param name="Text">For people.</param>
/// <param name="DoAsync">Does it.</param>
public sealed record Act(string Text, Func<Scene, Task> DoAsync)
{
    public override string ToString() => Text;
}

/// <summary>Points of a migration at which something may happen.</summary>
public static class Until
{
    /// <summary>Within this comes what comes next between two libvirtds, or it was over already.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    /// <summary>Memory is on its way, and the run knows it.</summary>
    public static Act Copying { get; } = new("memory is being copied", scene =>
        scene.Server.UntilAsync("memory is being copied", async () =>
        {
            var seen = await scene.Server.SeeAsync(scene.Run);
            Assert.False(seen.IsAtRest, $"{seen}");
            return seen.CopiedBytes > 0;
        }));

    /// <summary>The guest stands still at the source, and its last pages are on their way.</summary>
    public static Act GuestStandsStill { get; } = Wait("the guest stands still at the source", scene =>
        scene.Books(Side.Source) is { State: "paused", Job: "migration out" });

    /// <summary>The destination's QEMU has all of the guest. To be asked while the source's libvirtd is frozen.</summary>
    public static Act CopyIsThrough { get; } = Wait("the last page has arrived", scene => !scene[Side.Source].HasDataConnection() && !scene[Side.Destination].HasDataConnection());

    /// <summary>The same, for a source whose libvirtd is frozen: QEMU stops before the last pages until libvirtd has heard of it, and may have been frozen too early for that.</summary>
    public static Act CopyIsThroughBehindTheSource { get; } = new("the last page has arrived behind the source's back", async scene =>
    {
        var quiet = Stopwatch.StartNew();
        await Scene.UntilAsync("the last page has arrived", async () =>
        {
            if (!scene[Side.Source].HasDataConnection() && !scene[Side.Destination].HasDataConnection())
            {
                return true;
            }

            if (scene[Side.Source].HasUnsentData())
            {
                quiet.Restart();
            }
            else if (quiet.Elapsed > TimeSpan.FromSeconds(1))
            {
                // Little may be left to send: it must not be through before libvirtd is frozen again.
                await scene[Side.Source].LimitAsync(FailureLab.LastPagesKiBs);
                await Thaw.Libvirtd(Side.Source).DoAsync(scene);
                await Scene.UntilAsync("the last pages are on their way", () => scene[Side.Source].HasUnsentData() || !scene[Side.Source].HasDataConnection());
                await Freeze.Libvirtd(Side.Source).DoAsync(scene);
                await scene[Side.Source].LimitAsync(FailureLab.SlowNetworkKiBs);
                quiet.Restart();
            }

            return false;
        });
    });

    /// <summary>The source has asked the destination to let the guest run. To be asked while the destination's QEMU is frozen.</summary>
    public static Act Finishing { get; } = Wait("the destination was asked to finish", scene => scene.Books(Side.Destination).Phase is "finish2" or "finish3", Soon);

    /// <summary>The source has heard from its QEMU that all is sent, and asks the destination to let the guest run.</summary>
    public static Act SourceAsks { get; } = Wait("the source asks for the finish", scene => scene.Books(Side.Source).Phase == "perform3_done", Soon);

    public static Act JobIsGone { get; } = Wait("the source's libvirtd has given the job up", scene => scene.Books(Side.Source).Job.Length == 0 || scene.Books(Side.Source).Job == "none");

    public static Act DestinationRuns { get; } = Wait("the guest runs at the destination", scene => scene.Books(Side.Destination).State == "running");

    public static Act DestinationIsEmpty { get; } = Wait("the destination has nothing of the guest", scene => scene[Side.Destination].Qemu(scene.Vm).Count == 0);

    public static Act SourceRuns { get; } = Wait("the guest runs at the source", scene => scene.Books(Side.Source).State == "running");

    /// <summary>The guest runs at the destination, and pages that it misses are still at the source.</summary>
    public static Act PostCopy { get; } = Wait("the guest goes on at the destination", scene => scene.Books(Side.Source).Reason == "post-copy" && scene.Books(Side.Destination).State == "running");

    /// <summary>The run has seen it too, and is in the stage in which nothing can be taken back.</summary>
    public static Act RunKnowsOfPostCopy { get; } = new("the run waits for the rest of the memory", scene =>
        scene.Server.UntilAsync("the run waits for the rest of the memory", async () => (await scene.Server.SeeAsync(scene.Run)).Has("Runbooks.StopAndCopy")));

    /// <summary>The source's libvirtd has seen that its connection is lost.</summary>
    public static Act PostCopyFailed { get; } = Wait("the post-copy has lost its connection", scene => scene.Books(Side.Source).Reason == "post-copy failed");

    public static Act NeedsAttention { get; } = new("the run needs a person", scene =>
        scene.Server.UntilAsync("the run needs a person", async () => (await scene.Server.SeeAsync(scene.Run)).IsAtRest));

    /// <summary>So many seconds of the guest, which beats once per second.</summary>
    public static Act Beats(int count) => new($"the guest has beaten {count} times more", async scene =>
    {
        var before = scene.Beats;
        await Scene.UntilAsync("the guest beats", () => scene.Beats >= before + count);
    });

    private static Act Wait(string what, Func<Scene, bool> holds, TimeSpan? within = null) => new(what, scene => Scene.UntilAsync(what, () => holds(scene), within));
}

/// <summary>SIGKILL.</summary>
public static class Kill
{
    public static Act Qemu(Side side) => Signals.Send(Signal.Kill, "QEMU", side, scene => scene[side].Qemu(scene.Vm));

    /// <summary>Its host starts it again.</summary>
    public static Act Libvirtd(Side side) => Signals.Send(Signal.Kill, "libvirtd", side, scene => scene[side].Libvirtd());

    public static Act Virsh { get; } = Signals.Send(Signal.Kill, "virsh", Side.Source, scene => scene[Side.Source].MigratingVirsh(scene.Vm));

    /// <summary>All ssh clients of the server.</summary>
    public static Act Ssh { get; } = new("the server's ssh clients are killed", scene =>
    {
        scene[Side.Source].Signal(Signal.Kill, scene.Server.SshClients());
        return Task.CompletedTask;
    });

    public static Act Server { get; } = new("the server is killed", scene => scene.Server.KillAsync());
}

/// <summary>SIGSTOP.</summary>
public static class Freeze
{
    public static Act Qemu(Side side) => Signals.Send(Signal.Stop, "QEMU", side, scene => scene[side].Qemu(scene.Vm));

    public static Act Libvirtd(Side side) => Signals.Send(Signal.Stop, "libvirtd", side, scene => scene[side].Libvirtd());

    /// <summary>Connections that there are stay; new ones are accepted by nobody.</summary>
    public static Act Sshd(Side side) => Signals.Send(Signal.Stop, "sshd", side, scene => scene[side].ListeningSshd());
}

/// <summary>SIGCONT.</summary>
public static class Thaw
{
    public static Act Qemu(Side side) => Signals.Send(Signal.Continue, "QEMU", side, scene => scene[side].Qemu(scene.Vm));

    public static Act Libvirtd(Side side) => Signals.Send(Signal.Continue, "libvirtd", side, scene => scene[side].Libvirtd());
}

/// <summary>What happens to a host as a whole.</summary>
public static class Host
{
    public static Act Cut(Side side) => Of("cut", "'s cable is pulled", side);

    public static Act Heal(Side side) => Of("heal", "'s cable is plugged in again", side);

    public static Act PowerOff(Side side) => Of("poweroff", " is switched off", side);

    /// <summary>Without a goodbye: its peers hear nothing.</summary>
    public static Act PowerLoss(Side side) => Of("powerloss", " loses its power", side);

    public static Act PowerOn(Side side) => Of("poweron", " is switched on", side);

    /// <summary>Its libvirtd dies and stays dead.</summary>
    public static Act WithoutLibvirtd(Side side) => Of("virtd-stop", "'s libvirtd dies and stays dead", side);

    public static Act WithLibvirtd(Side side) => Of("virtd-start", "'s libvirtd is started", side);

    private static Act Of(string command, string text, Side side) => new($"the {side}{text}".ToLowerInvariant(), scene => scene.LabAsync(command, side));
}

/// <summary>What the person does who was asked, or the one who comes in between.</summary>
public static class Operator
{
    public static Act Retries { get; } = new("the operator retries", scene => scene.Server.OrderAsync(scene.Run, "retry"));

    public static Act Cancels { get; } = new("the operator cancels", scene => scene.Server.OrderAsync(scene.Run, "cancel"));

    public static Act AbortsTheJob { get; } = new("somebody aborts the job", scene => scene.VirshAsync(Side.Source, "domjobabort", scene.Vm.Value));

    /// <summary>Refused in post-copy; what it says does not matter.</summary>
    public static Act TriesToAbortTheJob { get; } = new("somebody tries to abort the job", scene =>
        scene.Lab.Lab.TryAsync("enter", scene[Side.Source].Name.Value, "virsh", "-q", "-c", "qemu:///system", "domjobabort", scene.Vm.Value));

    public static Act StartsServer { get; } = new("the server is started", scene => scene.Server.StartAsync());

    /// <summary>What is left of both halves is given up, and the VM is started where its definition is.</summary>
    public static Act StartsVmAnewAtSource { get; } = new("the operator ends both halves and starts the VM at the source", async scene =>
    {
        foreach (var (side, command) in new[] { (Side.Source, "destroy"), (Side.Destination, "destroy"), (Side.Destination, "undefine") })
        {
            _ = await scene.Lab.Lab.TryAsync("enter", scene[side].Name.Value, "virsh", "-q", "-c", "qemu:///system", command, scene.Vm.Value);
        }

        _ = await scene.VirshAsync(Side.Source, "start", scene.Vm.Value);
    });

    /// <summary>A cold start: what the guest had in memory is lost.</summary>
    public static Act StartsVm(Side side) => new($"the operator starts the VM at the {side}".ToLowerInvariant(), async scene =>
    {
        await Scene.UntilAsync("the host's libvirtd answers", async () =>
            (await scene.Lab.Lab.TryAsync("enter", scene[side].Name.Value, "virsh", "-q", "-c", "qemu:///system", "start", scene.Vm.Value)).Code == 0);
    });
}

internal static class Signals
{
    public static Act Send(Signal signal, string what, Side side, Func<Scene, IReadOnlyList<int>> pids) =>
        new($"{what} at the {(side == Side.Source ? "source" : "destination")} gets signal {(int)signal}", scene =>
        {
            scene[side].Signal(signal, pids(scene));
            return Task.CompletedTask;
        });
}
