using Runbooks.Hypervisors.Configuration;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt;

namespace Runbooks.Hypervisors.Tests.Configuration;

public sealed class FleetFiles
{
    [Fact]
    public void A_good_file_says_how_each_host_is_reached_and_switched()
    {
        var file = FleetFile.Parse("""
            { "driver": "libvirt", "sshConfig": "/etc/runbooks/ssh", "unsafeMigration": true,
              "hosts": [
                { "name": "host1", "pool": "lab", "priority": 10, "ssh": "root@10.0.0.1", "migrationUri": "qemu+ssh://root@host1/system",
                  "memoryMiB": 2048, "cpus": 2, "domainType": "qemu",
                  "power": { "status": ["bmc", "status"], "on": ["bmc", "on"], "off": ["bmc", "off"], "environment": { "BMC": "10.0.1.1" } } },
                { "name": "host2" } ] }
            """);

        Assert.Empty(file.Problems);
        Assert.Equal("/etc/runbooks/ssh", file.Configuration!.SshConfig);
        var first = file.Configuration.Hosts[0];
        Assert.Equal(("host1", "lab", 10), (first.Entry.Name.Value, first.Entry.Pool, first.Entry.Priority));
        Assert.Equal(
            ("root@10.0.0.1", "qemu+ssh://root@host1/system", StorageCheck.Unsafe, 2048, 2),
            (first.Libvirt!.SshTarget, first.Libvirt.MigrationUri, first.Libvirt.StorageCheck, first.Libvirt.MemoryMiB, first.Libvirt.Cpus));
        Assert.Equal(["bmc", "off"], first.Power!.Off);
        Assert.Equal("10.0.1.1", first.Power.Environment["BMC"]);
        var second = file.Configuration.Hosts[1];
        Assert.Equal(("default", "host2", "qemu+ssh://host2/system"), (second.Entry.Pool, second.Libvirt!.SshTarget, second.Libvirt.MigrationUri));
        Assert.Null(second.Power);
        Assert.Equal(("qemu", null), (first.Libvirt.DomainType, second.Libvirt.DomainType));
    }

    [Fact]
    public void A_bad_file_is_answered_with_all_its_problems_and_their_places()
    {
        var file = FleetFile.Parse("""
            { "driver": "vmware", "sshConfig": "ssh/config", "hots": [],
              "hosts": [
                { "name": "bad name", "priority": -1 },
                { "name": "host2", "domainType": "vmware", "memoryMiB": "lots", "ssh": "-oProxyCommand=id", "migrationUri": "qemu+ssh://x y/" },
                { "name": "host3", "power": { "status": [], "on": "on", "off": [1], "reset": ["x"] } },
                { "name": "host4" }, { "name": "host4" }, 7 ] }
            """);

        Assert.Null(file.Configuration);
        string[] expected =
        [
            "driver: 'vmware'", "sshConfig: must be an absolute path", "hots: is not a known field", "hosts[0] (bad name).name",
            "hosts[0] (bad name).priority", "hosts[1] (host2).domainType", "hosts[1] (host2).memoryMiB", "hosts[1] (host2).ssh", "hosts[1] (host2).migrationUri",
            "hosts[2] (host3).power.status", "hosts[2] (host3).power.on", "hosts[2] (host3).power.off", "hosts[2] (host3).power.reset",
            "'host4' is used 2 times", "hosts[5]: must be an object",
        ];
        Assert.All(expected, e => Assert.Contains(file.Problems, p => p.Contains(e, StringComparison.Ordinal)));
    }

    [Fact]
    public void A_file_may_name_hosts_of_both_hypervisors()
    {
        var file = FleetFile.Parse("""
            { "driver": "libvirt", "hosts": [
                { "name": "kvm1" },
                { "name": "xen1", "driver": "xen", "migrationHost": "root@10.0.0.2", "definitions": "/srv/vms/" },
                { "name": "xen2", "driver": "xen", "ssh": "root@xen2" } ] }
            """);

        Assert.Empty(file.Problems);
        Assert.Equal([HypervisorKind.Kvm, HypervisorKind.Xen, HypervisorKind.Xen], file.Configuration!.Hosts.Select(h => h.Entry.Hypervisor));
        Assert.Equal(("xen1", "root@10.0.0.2", "/srv/vms"), (file.Configuration.Hosts[1].Xen!.SshTarget, file.Configuration.Hosts[1].Xen!.MigrationHost, file.Configuration.Hosts[1].Xen!.Definitions));
        Assert.Equal(("root@xen2", "/etc/xen/runbooks"), (file.Configuration.Hosts[2].Xen!.MigrationHost, file.Configuration.Hosts[2].Xen!.Definitions));
        Assert.Null(file.Configuration.Hosts[0].Xen);
    }

    [Theory]
    [InlineData("\"migrationHost\": \"xen2;reboot\"", "migrationHost")]
    [InlineData("\"migrationHost\": \"$(reboot)\"", "migrationHost")]
    [InlineData("\"definitions\": \"vms\"", "definitions")]
    [InlineData("\"migrationUri\": \"qemu+ssh://x/system\"", "migrationUri: is not a known field")]
    public void A_Xen_host_takes_no_word_that_a_shell_would_act_on_and_no_field_of_libvirt(string field, string problem) =>
        Assert.Contains(FleetFile.Parse($$"""{ "driver": "xen", "hosts": [ { "name": "xen1", {{field}} } ] }""").Problems, p => p.Contains(problem, StringComparison.Ordinal));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{ \"driver\": \"libvirt\" }")]
    [InlineData("{ \"driver\": \"libvirt\", \"hosts\": [] }")]
    [InlineData("{ \"driver\": \"libvirt\", \"hosts\": {} }")]
    public void What_is_no_fleet_at_all_is_a_problem_and_no_crash(string json)
    {
        var file = FleetFile.Parse(json);

        Assert.Null(file.Configuration);
        Assert.NotEmpty(file.Problems);
    }

    [Fact]
    public void A_file_that_is_not_there_is_a_problem_that_names_it() =>
        Assert.Contains("/nowhere/fleet.json", Assert.Single(FleetFile.Load("/nowhere/fleet.json").Problems), StringComparison.Ordinal);
}
