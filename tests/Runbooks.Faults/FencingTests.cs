using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Runs;
using static Runbooks.Faults.FleetUnderTest;

namespace Runbooks.Faults;

/// <summary>
/// The guest stands still at the source, no job moves it, and the destination can't be asked: it may run there or not.
/// </summary>
public sealed class FencingTests
{
    private static readonly HostName Spare = new("host4");

    [Fact]
    public async Task Without_leave_to_fence_a_person_is_asked_and_nothing_is_resumed_or_switched_off()
    {
        using var fleet = await StrandedAsync(Spare);

        var run = await MigrateAsync(fleet, Spare, "Ask");

        Assert.True(run.Status == RunStatus.NeedsAttention, $"{run.Status}: {run.Reason}");
        Assert.Contains("host4", run.Reason, StringComparison.Ordinal);
        Assert.Equal(PowerState.On, fleet.Fleet.PowerOf(Spare));
        Assert.DoesNotContain(fleet.Fleet.CopiesOf(Vm1), c => c.State == VmState.Running);
    }

    [Fact]
    public async Task With_leave_the_lost_host_is_switched_off_before_the_vm_is_resumed()
    {
        using var fleet = await StrandedAsync(Spare);
        var order = new List<string>();
        var asked = fleet.Fleet.Faults.OnOperation!;
        fleet.Fleet.Faults.OnOperation = async (point, token) =>
        {
            await asked(point, token);
            if (point is { Phase: OperationPhase.After, Operation: SimulatedOperation.PowerOff or SimulatedOperation.PowerOn or SimulatedOperation.Resume })
            {
                order.Add($"{point.Operation} {point.Host}");
                if (point.Operation == SimulatedOperation.PowerOn)
                {
                    fleet.Fleet.Heal(Spare);
                }
            }
        };

        var run = await MigrateAsync(fleet, Spare, "Fence");

        Assert.True(run.Status == RunStatus.Compensated, $"{run.Status}: {run.Reason}");
        Assert.Equal(["PowerOff host4", "PowerOn host4", "Resume host1"], order);
        Assert.Equal(Host1, fleet.HomeOf(Vm1));
        Assert.Equal("", await fleet.BrokenInvariantsAsync());
        var steps = await fleet.Engine.StepsAsync(run.Id);
        Assert.Contains(steps, s => s.ActivityType == "Runbooks.FenceHost");
    }

    [Fact]
    public async Task A_host_on_which_another_vm_was_seen_is_not_fenced()
    {
        using var fleet = await StrandedAsync(Host2);

        var run = await MigrateAsync(fleet, Host2, "Fence");

        Assert.True(run.Status == RunStatus.NeedsAttention, $"{run.Status}: {run.Reason}");
        Assert.Contains("vm3 may run on it and would die", run.Reason, StringComparison.Ordinal);
        Assert.Equal(PowerState.On, fleet.Fleet.PowerOf(Host2));
        Assert.DoesNotContain(fleet.Fleet.CopiesOf(Vm1), c => c.State == VmState.Running);
    }

    [Fact]
    public async Task A_host_that_was_never_seen_is_not_fenced()
    {
        using var fleet = await CreateAsync();
        fleet.Fleet.AddHost(new SimulatedHost(Spare, Cpus: 8, MemoryMiB: 16_384, Priority: 4));
        fleet.Fleet.Cut(Spare);
        fleet.Engine.Options.ReconcileFor = TimeSpan.FromSeconds(20);
        _ = await fleet.Engine.LoadAsync(FenceAlone);

        var run = await fleet.Engine.RunAsync("fence-alone");

        Assert.True(run.Status == RunStatus.NeedsAttention, $"{run.Status}: {run.Reason}");
        Assert.Contains("nobody knows what runs on it", run.Reason, StringComparison.Ordinal);
        Assert.Equal(PowerState.On, fleet.Fleet.PowerOf(Spare));
    }

    private const string FenceAlone =
        """
        {"definitionId":"fence-alone","version":1,"isLatest":true,"isPublished":true,
         "root":{"id":"fence","type":"Runbooks.FenceHost","version":1,"host":{"typeName":"String","expression":{"type":"Literal","value":"host4"}}}}
        """;

    private static Task<Run> MigrateAsync(FleetUnderTest fleet, HostName to, string policy)
    {
        var input = Move(Vm1, to);
        input["WhenHostIsLost"] = JsonValue.Create(policy);
        return fleet.Engine.RunAsync("migrate-vm", input);
    }

    /// <summary>A fleet in which vm1 will be stranded, and the destination be cut off in the same moment.</summary>
    private static async Task<FleetUnderTest> StrandedAsync(HostName destination)
    {
        var fleet = await CreateAsync(more: fleet => fleet.AddHost(new SimulatedHost(Spare, Cpus: 8, MemoryMiB: 16_384, Priority: 4)));
        fleet.Engine.Options.ReconcileFor = TimeSpan.FromSeconds(20);
        fleet.Fleet.Faults.Add(new MigrationFault(MigrationMishap.StrandedBeforeCommit));
        var cut = 0;
        fleet.Fleet.Faults.OnOperation = (unused, token) =>
        {
            if (fleet.Fleet.MigratingVms.Count == 0
                && fleet.Fleet.CopiesOf(Vm1) is [{ State: VmState.Paused, Reason: "migrating" }]
                && Interlocked.Exchange(ref cut, 1) == 0)
            {
                fleet.Fleet.Cut(destination);
            }

            return ValueTask.CompletedTask;
        };
        return fleet;
    }
}
