using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Tests.Libvirt;
using Runbooks.Hypervisors.Xen;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Tests.Xen;

/// <summary>What real xl wrote, and what is made of it.</summary>
public sealed class AnswersOfXl
{
    private static readonly Guid Gone = new("11111111-2222-4333-8444-555555555555");

    [Fact]
    public void Every_domain_is_read_with_its_part_in_a_migration()
    {
        Assert.True(DomainRow.TryRead(Sample.Lines("xl-list.txt"), out var rows, out var problem), problem);

        Assert.Equal(512, rows.First!.MemoryMiB);
        Assert.Equal(
            [("u1", DomainRole.Itself, 1), ("u2", DomainRole.Incoming, 2), ("u3", DomainRole.MigratedAway, 3), (null, DomainRole.Nameless, 4)],
            rows.Guests.Select(g => ((string?)g.Name.Value, g.Role, g.Id)));
        Assert.Equal(TimeSpan.FromSeconds(10), rows.Guests[0].CpuTime);
    }

    [Theory]
    [InlineData("Name ID")]
    [InlineData("")]
    [InlineData("Welcome to xen1!")]
    [InlineData("Name ID Mem VCPUs State Time(s) UUID\nu1 1 96 1 -b---- 10.0")]
    [InlineData("Name ID Mem VCPUs State Time(s) UUID\nu1 1 96 1 -b---- 10.0 not-a-uuid")]
    [InlineData("Name ID Mem VCPUs State Time(s) UUID\nu1 1 96 1 -b---- 10.0 f0627663-b348-4aa0-9680-c5948b8eff81")]
    public void An_answer_that_is_cut_off_or_something_else_is_no_list(string text) =>
        Assert.False(DomainRow.TryRead(text.Split('\n'), out _, out var problem) || problem.Length == 0);

    [Theory]
    [InlineData("a b")]
    [InlineData("$(reboot)")]
    [InlineData("--help")]
    public void A_domain_whose_name_the_fleet_does_not_allow_is_not_passed_over(string name)
    {
        string[] lines = [.. Sample.Lines("xl-list.txt"), $"{name} 9 96 1 -b---- 10.0 f0627663-b348-4aa0-9680-c5948b8eff82"];

        Assert.False(DomainRow.TryRead(lines, out _, out _));
    }

    [Fact]
    public void A_domain_that_runs_without_a_name_is_not_passed_over()
    {
        string[] lines = [.. Sample.Lines("xl-list.txt"), "(null) 9 96 1 -b---- 10.0 f0627663-b348-4aa0-9680-c5948b8eff82"];

        Assert.False(DomainRow.TryRead(lines, out _, out var problem));
        Assert.Contains("no name", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hosts_figures_are_read()
    {
        Assert.True(XenFigures.TryRead(Sample.Lines("xl-info.txt"), out var figures, out _));
        Assert.Equal(new XenFigures(1, 498), figures);
        Assert.False(XenFigures.TryRead(["host : xen1"], out _, out var problem));
        Assert.Contains("free_memory", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("------", VmState.Running)]
    [InlineData("r-----", VmState.Running)]
    [InlineData("-b----", VmState.Running)]
    [InlineData("--p---", VmState.Paused)]
    [InlineData("---ss-", VmState.Paused)]
    [InlineData("---s--", VmState.ShutOff)]
    [InlineData("---sc-", VmState.Crashed)]
    [InlineData("---s-d", VmState.ShutOff)]
    public void A_state_is_read_from_its_flags(string flags, VmState state) =>
        Assert.Equal(state, Sight(true, false, (DomainRole.Itself, flags)).Observe(DateTimeOffset.UnixEpoch).State);

    [Theory]
    [InlineData(DomainRole.Incoming, "--p---", "migrating")]
    [InlineData(DomainRole.MigratedAway, "---ss-", "migrating")]
    [InlineData(DomainRole.Itself, "---ss-", "migrating")]
    [InlineData(DomainRole.Nameless, "--pss-", "migrating")]
    [InlineData(DomainRole.Itself, "--p---", "user")]
    public void A_copy_that_stands_still_for_a_migration_is_told_from_one_that_somebody_paused(object role, string flags, string reason)
    {
        var seen = Sight(true, false, ((DomainRole)role, flags)).Observe(DateTimeOffset.UnixEpoch);

        Assert.Equal((VmState.Paused, reason), (seen.State, seen.StateReason));
    }

    [Fact]
    public void A_VM_whose_domain_has_gone_is_on_its_way_until_its_process_has_ended()
    {
        Assert.Equal(VmState.Paused, Sight(true, true).Observe(DateTimeOffset.UnixEpoch).State);
        Assert.Equal(MigrationPhase.StopAndCopy, Sight(true, true).Phase);
        Assert.Equal(VmState.ShutOff, Sight(true, false).Observe(DateTimeOffset.UnixEpoch).State);
        Assert.Equal(MigrationPhase.PreCopy, Sight(true, true, (DomainRole.Itself, "-b----")).Phase);
        Assert.Equal(MigrationPhase.StopAndCopy, Sight(true, true, (DomainRole.MigratedAway, "---ss-")).Phase);
    }

    [Fact]
    public void Two_domains_of_one_VM_are_a_state_that_nobody_acts_on() =>
        Assert.Equal(VmState.Unknown, Sight(true, false, (DomainRole.Itself, "-b----"), (DomainRole.MigratedAway, "---ss-")).Observe(DateTimeOffset.UnixEpoch).State);

    [Fact]
    public void A_nameless_domain_belongs_to_the_VM_with_its_UUID_and_else_to_nobody()
    {
        Assert.True(DomainRow.TryRead(Sample.Lines("xl-list.txt"), out var rows, out _));
        var definition = XenDefinition.Of(new VmName("gone"), Config("gone", $"{Gone}"));

        Assert.Contains(DomainSight.Group([definition], rows.Guests, []), s => s.Vm.Value == "gone" && s.Observe(DateTimeOffset.UnixEpoch).State == VmState.Paused);
        Assert.Equal(["u1", "u2", "u3"], DomainSight.Group([], rows.Guests, []).Select(s => s.Vm.Value));
    }

    [Fact]
    public void A_process_that_moves_a_VM_is_ours_or_somebodys_xl()
    {
        string[] lines =
        [
            Process(1_000, "sh", "-c", "xl migrate \"$1\"", XenJob.Mark, "u1", "xen2", "/etc/xen/runbooks/u1.cfg"),
            Process(2_000, "/usr/lib/xen-4.17/bin/xl", "migrate", "-s", "ssh", "u2", "xen2"),
            Process(3_000, "vi", "migrate", "u3", "notes"),
        ];

        Assert.True(XenJob.TryRead(lines, TimeSpan.FromSeconds(50), out var jobs, out _));
        Assert.Equal([(new VmName("u1"), 40.0), (new VmName("u2"), 30.0)], jobs.Select(j => (j.Vm, j.Elapsed.TotalSeconds)));
        Assert.False(XenJob.TryRead(["not base64"], TimeSpan.Zero, out _, out _));
    }

    [Fact]
    public void A_definition_is_read_as_xl_reads_it()
    {
        const string Text = """
            # made by hand
            name = 'web-1'; uuid = "5d44a434-2e4f-437a-bc5f-3cfd1fc2af47"
            memory = 256   # MiB
            vcpus=2
            disk = [ 'format=raw, vdev=xvda, access=rw, target=/a#b.img',
                     "phy:/dev/vg/two,xvdb,w", ]
            """;

        var definition = XenDefinition.Of(new VmName("web-1"), Text);

        Assert.Null(definition.Problem);
        Assert.Equal((256, 2), (definition.MemoryMiB, definition.Vcpus));
        Assert.True(XlConfig.TryParse(Text, out var config, out _));
        Assert.Equal(["format=raw, vdev=xvda, access=rw, target=/a#b.img", "phy:/dev/vg/two,xvdb,w"], config.List("disk"));
    }

    [Theory]
    [InlineData("name = \"other\"\nmemory = 96", "its name is 'other'")]
    [InlineData("name = \"web\"", "no memory")]
    [InlineData("name = \"web\"\nmemory = 96", "no uuid")]
    [InlineData("name = \"web", "line 1: a text has no closing quote")]
    [InlineData("memory = 96\ndisk = [ 'a'", "line 2: a list has no ']'")]
    [InlineData("\n\nname", "line 3: there is no '='")]
    public void A_definition_that_can_not_be_used_says_why_and_is_no_VM_to_start(string text, string why)
    {
        var sight = new DomainSight(new VmName("web"), XenDefinition.Of(new VmName("web"), text), [], null);

        Assert.Contains(why, sight.Definition!.Problem!, StringComparison.Ordinal);
        Assert.Equal(VmState.Unknown, sight.Observe(DateTimeOffset.UnixEpoch).State);
    }

    [Fact]
    public void The_CPU_time_of_a_host_never_goes_back_when_a_domain_leaves_but_begins_anew_with_the_host()
    {
        var meter = new CpuMeter();

        Assert.Equal(TimeSpan.FromSeconds(30), meter.Add(Row(0, 10), [Row(1, 20)]));
        Assert.Equal(TimeSpan.FromSeconds(31), meter.Add(Row(0, 11), []));
        Assert.Equal(TimeSpan.FromSeconds(34), meter.Add(Row(0, 12), [Row(2, 2)]));
        Assert.Equal(TimeSpan.FromSeconds(3), meter.Add(Row(0, 3), []));
    }

    internal static string Config(string name, string uuid) => $"name = \"{name}\"\nuuid = \"{uuid}\"\nmemory = 96\nvcpus = 1\n";

    private static DomainRow Row(int id, int seconds) => new(default, DomainRole.Itself, id, 96, 1, "-b----", TimeSpan.FromSeconds(seconds), Gone);

    private static string Process(int ticks, params string[] words) => $"{ticks} {Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Join('\0', words) + '\0'))}";

    private static DomainSight Sight(bool defined, bool job, params (DomainRole Role, string Flags)[] domains)
    {
        var vm = new VmName("u1");
        return new DomainSight(
            vm,
            defined ? XenDefinition.Of(vm, Config("u1", $"{Gone}")) : null,
            [.. domains.Select((d, i) => new DomainRow(vm, d.Role, i + 1, 96, 1, d.Flags, TimeSpan.Zero, Gone))],
            job ? new XenJob(vm, TimeSpan.FromSeconds(1)) : null);
    }
}
