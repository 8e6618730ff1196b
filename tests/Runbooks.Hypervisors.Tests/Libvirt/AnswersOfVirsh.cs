using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Linux;

namespace Runbooks.Hypervisors.Tests.Libvirt;

public sealed class AnswersOfVirsh
{
    [Fact]
    public void A_host_is_read_from_one_answer_with_its_VMs()
    {
        Assert.True(Sections.TrySplit(Sample.Text("host.txt"), out var parts, out _));
        Assert.True(NodeFigures.TryRead(parts["node"], parts["cpu"], parts["memory"], out var node, out _));
        Assert.True(DomainList.TryRead(DateTimeOffset.UnixEpoch, parts["vms"], parts["persistent"], parts["stats"], out var vms, out _));

        Assert.Equal((2, 2048, 1952), (node.Cpus, node.MemoryMiB, node.MemoryFreeMiB));
        Assert.Equal(TimeSpan.FromSeconds(11.65), node.CpuBusy);
        Assert.Equal(TimeSpan.FromSeconds(40.84), node.CpuTotal);
        Assert.Equal(
            [("batch1", VmState.ShutOff, "unknown"), ("web1", VmState.Paused, "user"), ("web2", VmState.ShutOff, "migrated")],
            vms.OrderBy(v => v.Name).Select(v => (v.Name.Value, v.State, v.StateReason)));
        Assert.All(vms, v => Assert.True(v.Persistent));
        Assert.Equal(Guid.Parse("a065ecfa-880d-44e5-835b-e36b5bf02518"), vms.Single(v => v.Name.Value == "web1").Uuid);
    }

    [Fact]
    public void The_CPU_time_of_a_VM_that_is_off_is_not_that_of_libvirtd()
    {
        Assert.True(Sections.TrySplit(Sample.Text("host.txt"), out var parts, out _));
        Assert.True(DomainList.TryRead(DateTimeOffset.UnixEpoch, parts["vms"], parts["persistent"], parts["stats"], out var vms, out _));

        Assert.Equal(TimeSpan.Zero, vms.Single(v => v.Name.Value == "batch1").CpuTime);
        Assert.Equal(TimeSpan.FromSeconds(5.16), vms.Single(v => v.Name.Value == "web1").CpuTime);
    }

    [Fact]
    public void A_running_VM_tells_what_its_guest_uses()
    {
        Assert.True(DomainList.TryRead(
            DateTimeOffset.UnixEpoch, ["f2e5c00f-29c8-412f-9fb8-8084835b45f2 vm1"], [], Sample.Lines("domstats.txt"), out var vms, out _));

        var vm = Assert.Single(vms);
        Assert.Equal((VmState.Running, "booted", 1, 128), (vm.State, vm.StateReason, vm.Vcpus, vm.MemoryMiB));
        Assert.Equal((94788 - 63544) / 1024, vm.MemoryUsedMiB);
        Assert.Equal(225312 / 1024, vm.ResidentMiB);
        Assert.False(vm.Persistent);
    }

    [Fact]
    public void An_answer_that_breaks_off_is_not_taken_for_a_whole_one()
    {
        var whole = Sample.Text("host.txt");

        Assert.False(Sections.TrySplit(whole[..whole.IndexOf("@@vms", StringComparison.Ordinal)], out _, out var problem));

        Assert.Contains("persistent", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_figures_are_named_with_their_command()
    {
        Assert.False(NodeFigures.TryRead(["CPU(s): two"], ["user: 1", "system: 1"], ["total: 5 KiB", "free: 1 KiB"], out _, out var problem));

        Assert.Contains("nodeinfo's 'CPU(s)'", problem, StringComparison.Ordinal);
        Assert.Contains("nodecpustats' 'idle'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_VM_whose_name_the_fleet_does_not_allow_is_a_problem_and_not_passed_over()
    {
        Assert.False(DomainList.TryRead(
            DateTimeOffset.UnixEpoch,
            ["f2e5c00f-29c8-412f-9fb8-8084835b45f2 my vm"],
            [],
            ["Domain: 'my vm'", "  state.state=1", "  state.reason=1", "  balloon.current=1", "  vcpu.current=1"],
            out _,
            out var problem));

        Assert.Contains("'my vm'", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_that_do_not_agree_are_a_problem()
    {
        Assert.False(DomainList.TryRead(DateTimeOffset.UnixEpoch, [], [], Sample.Lines("domstats.txt"), out _, out var problem));
        Assert.Contains("vm1", problem, StringComparison.Ordinal);

        Assert.False(DomainList.TryReadNames(["web1"], out _, out problem));
        Assert.Contains("web1", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 10, VmState.Running, "post-copy")]
    [InlineData(2, 0, VmState.Running, "blocked")]
    [InlineData(3, 2, VmState.Paused, "migrating")]
    [InlineData(3, 13, VmState.Paused, "post-copy failed")]
    [InlineData(5, 4, VmState.ShutOff, "migrated")]
    [InlineData(5, 99, VmState.ShutOff, "reason 99")]
    [InlineData(6, 1, VmState.Crashed, "panicked")]
    [InlineData(0, 0, VmState.Unknown, "state 0")]
    [InlineData(42, 0, VmState.Unknown, "state 42")]
    public void States_have_libvirts_words_and_a_strange_one_is_unknown(int state, int reason, VmState expected, string word) =>
        Assert.Equal((expected, word), VmStates.Of(state, reason));

    [Fact]
    public void A_running_job_tells_its_progress()
    {
        Assert.True(JobFigures.TryRead(Sample.Lines("rawstats-precopy.txt"), out var job, out _));

        Assert.True(job is { IsActive: true, IsMigrationOut: true });
        Assert.Equal(
            new MigrationProgress(
                MigrationPhase.PreCopy, TimeSpan.FromMilliseconds(1922), 1, 268967936, 50360194, 201986048, 0, 33570900, TimeSpan.FromMilliseconds(300)),
            job.Progress(MigrationPhase.PreCopy));
        Assert.Null(job.Statistics());
    }

    [Fact]
    public void A_finished_migration_tells_its_figures()
    {
        Assert.True(JobFigures.TryRead(Sample.Lines("rawstats-completed.txt"), out var job, out _));

        Assert.False(job.IsActive);
        Assert.Equal(
            new MigrationStatistics(TimeSpan.FromMilliseconds(6717), TimeSpan.FromMilliseconds(40), 214396185, 6) { TotalBytes = 268967936, ZeroBytes = 29934L * 4096 },
            job.Statistics());
    }

    [Fact]
    public void No_job_and_no_sense_are_told_apart()
    {
        Assert.True(JobFigures.TryRead(["Job type: 0"], out var none, out _));
        Assert.False(none.IsActive);

        Assert.False(JobFigures.TryRead(["Segmentation fault"], out _, out var problem));
        Assert.Contains("Segmentation fault", problem, StringComparison.Ordinal);
        Assert.False(JobFigures.TryRead(["Job type: 77"], out _, out _));
    }
}
