using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Simulated;
using Runbooks.Workflows.Runs;

namespace Runbooks.Faults;

/// <summary>
/// The process dies at every journal point, and before and after every request to a host, of both shipped runbooks, on the
/// way forward and on the way back. Each time the next process must bring the fleet to the same end.
/// </summary>
public sealed class DeathTests
{
    /// <summary>How a run ends when nobody dies, and how the trouble that makes it so is prepared.</summary>
    public sealed record Scenario(string Name, string Runbook, RunStatus End, bool Host1Off, Action<SimulatedFleet> Prepare, JsonObject? Input = null)
    {
        public override string ToString() => Name;
    }

    private static readonly Scenario[] All =
    [
        new("a VM is moved", "migrate-vm", RunStatus.Finished, false, _ => { }),
        new("the destination's guest dies during the copy", "migrate-vm", RunStatus.Compensated, false, f => AlwaysFail(f, FleetUnderTest.Vm1)),
        new("a VM goes by post-copy", "migrate-vm", RunStatus.Finished, false, _ => { }, new JsonObject { ["Mode"] = "Hybrid", ["BandwidthMiBs"] = 50 }),
        new("a copy converges only after measures", "migrate-vm", RunStatus.Finished, false, _ => { }, new JsonObject { ["Mode"] = "PreCopy", ["BandwidthMiBs"] = 30, ["OnNoConvergence"] = new JsonArray("RaiseDowntime", "MoreBandwidth", "Abort"), ["DowntimeCeilingMs"] = 500 }),
        new("a host is emptied and switched off", "consolidate", RunStatus.Finished, true, _ => { }),
        new("the second move fails", "consolidate", RunStatus.Compensated, false, f => AlwaysFail(f, FleetUnderTest.Vm2)),
        new("the host refuses to be switched off", "consolidate", RunStatus.Compensated, false, f => f.Faults.Add(new OperationFault(FaultEffect.FailBefore, SimulatedOperation.PowerOff, Count: 1000, Kind: FaultKind.Refused))),
    ];

    public static TheoryData<int> Scenarios => [.. Enumerable.Range(0, All.Length)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Death_at_any_journal_point_changes_nothing_about_the_end(int index)
    {
        var scenario = All[index];
        int points;
        using (var undisturbed = await StartAsync(scenario))
        {
            await FinishAsync(undisturbed, scenario, "undisturbed");
            points = undisturbed.Engine.Probe.Seen.Count;
        }

        Assert.True(points > 10, $"Only {points} journal points were seen.");
        await Parallel.ForEachAsync(Enumerable.Range(1, points), SideBySide, async (dieAt, unused) =>
        {
            using var fleet = await StartAsync(scenario);
            fleet.Engine.Probe.DieAt = dieAt;
            await FinishAsync(fleet, scenario, $"death at journal point {dieAt}");
        });
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Death_before_or_after_any_request_that_changes_a_host_changes_nothing_about_the_end(int index)
    {
        var scenario = All[index];
        var points = new List<OperationPoint>();
        using (var undisturbed = await StartAsync(scenario))
        {
            undisturbed.Fleet.Faults.OnOperation = (point, _) =>
            {
                if (Changes(point.Operation))
                {
                    lock (points)
                    {
                        points.Add(point);
                    }
                }

                return ValueTask.CompletedTask;
            };
            await FinishAsync(undisturbed, scenario, "undisturbed");
        }

        Assert.NotEmpty(points);
        var kills = 0;
        await Parallel.ForEachAsync(points.Distinct(), SideBySide, async (point, unused) =>
        {
            using var fleet = await StartAsync(scenario);
            var killed = 0;
            fleet.Fleet.Faults.OnOperation = async (at, _) =>
            {
                if (at == point && Interlocked.Exchange(ref killed, 1) == 0)
                {
                    var process = fleet.Engine.Process;
                    fleet.Engine.Kill();
                    await Task.Delay(Timeout.InfiniteTimeSpan, process);
                }
            };
            await FinishAsync(fleet, scenario, $"death {point.Phase} {point.Operation} of {point.Vm?.Value ?? "the host"} on {point.Host}");
            _ = Interlocked.Add(ref kills, killed);
        });

        // A guest that writes nothing may switch over before it is asked to, so a request may be missing in one run or another.
        Assert.True(kills > points.Distinct().Count() / 2, $"Only {kills} of {points.Distinct().Count()} points were met again.");
    }

    [Theory]
    [InlineData(FaultEffect.DoThenUnknown)]
    [InlineData(FaultEffect.SkipThenUnknown)]
    public async Task A_lost_answer_to_any_request_that_changes_a_host_changes_nothing_about_the_end(FaultEffect effect)
    {
        foreach (var operation in Enum.GetValues<SimulatedOperation>().Where(Changes))
        {
            using var fleet = await StartAsync(Array.Find(All, s => s.Host1Off)!);
            fleet.Fleet.Faults.Add(new OperationFault(effect, operation));
            await FinishAsync(fleet, Array.Find(All, s => s.Host1Off)!, $"{effect} of {operation}");
        }
    }

    private static ParallelOptions SideBySide => new() { MaxDegreeOfParallelism = 6 };

    /// <summary>Every attempt fails, so that a death in between doesn't turn into a second, lucky one.</summary>
    private static void AlwaysFail(SimulatedFleet fleet, VmName vm)
    {
        for (var attempt = 0; attempt < 10; attempt++)
        {
            fleet.Faults.Add(new MigrationFault(MigrationMishap.DestinationGuestDies, vm));
        }
    }

    private static bool Changes(SimulatedOperation operation) => operation is SimulatedOperation.StartMigration or SimulatedOperation.ReleaseSwitchOver
        or SimulatedOperation.AbortMigration or SimulatedOperation.Undefine or SimulatedOperation.Destroy or SimulatedOperation.Resume
        or SimulatedOperation.PowerOff or SimulatedOperation.PowerOn
        or SimulatedOperation.SwitchToPostCopy or SimulatedOperation.SetMigrationBandwidth or SimulatedOperation.Suspend or SimulatedOperation.RecoverPostCopy;

    private static async Task<FleetUnderTest> StartAsync(Scenario scenario)
    {
        var fleet = await FleetUnderTest.CreateAsync();
        scenario.Prepare(fleet.Fleet);
        return fleet;
    }

    private static async Task FinishAsync(FleetUnderTest fleet, Scenario scenario, string how)
    {
        var run = scenario.Runbook == "consolidate" ? await fleet.ConsolidateAsync() : await fleet.MigrateAsync(FleetUnderTest.Vm1, FleetUnderTest.Host2, scenario.Input);
        Assert.True(scenario.End == run.Status, $"{scenario}, {how}: {run.Status}, {run.Reason}");
        Assert.Equal((how, ""), (how, await fleet.BrokenInvariantsAsync()));
        Assert.Equal((how, scenario.Host1Off ? PowerState.Off : PowerState.On), (how, fleet.Fleet.PowerOf(FleetUnderTest.Host1)));
    }
}
