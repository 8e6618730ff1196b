using Runbooks.Fleet.FleetFiles;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Planning.FleetFiles;

public sealed class FleetFileTests
{
    private const string Json = """
        {
          "vcpu_ratio": 4.0, "other": [1, {"x": 2}],
          "hosts": [
            {"name": "n1", "cores": 64, "mem": 1000, "node_mem": 100, "disk": 5, "idle_w": 216.0, "peak_w": 440.0},
            {"name": "n2", "cores": 32, "mem": 2000, "node_mem": 100, "pool": "b", "power": "off"}
          ],
          "vms": [
            {"name": "v1", "host": "n1", "vcpus": 4, "mem": 512, "cpu_cores": 1.5, "dirty_mbps": 7.5, "pinned": ["n1"]},
            {"name": "v2", "host": "", "vcpus": 1, "mem": 64, "cpu_cores": 0}
          ]
        }
        """;

    private const string Data = """
        group-01|uuid-1|preferred||

        n1|1000|100|388|5|5|64|M|uuid-1|32||N|32|0|1.0
        n2|1000|100|900|5|5|64|Y|uuid-1|32||N|32|0|1.0

        v1|512|40|4|running|Y|n1||ext||1|-|N


        |a|b;c|ext|4.0|32.0
        """;

    [Fact]
    public void Json_is_read_with_what_the_host_needs_taken_off()
    {
        var file = JsonFleetFile.Read(Json);

        Assert.Equal(4.0, file.VcpuRatio);
        var host = file.Fleet.FindHost(new HostName("n1"))!;
        Assert.Equal((64, 900, 216.0, 440.0, PowerState.On), (host.Cpus, host.MemoryMiB, host.Traits.IdleWatts, host.Traits.PeakWatts, host.Power));
        Assert.Equal(("b", PowerState.Off), (file.Fleet.FindHost(new HostName("n2"))!.Pool, file.Fleet.FindHost(new HostName("n2"))!.Power));
        var vm = file.Fleet.FindVm(new VmName("v1"))!;
        Assert.Equal((1.5, 7.5), (vm.CpuCores, vm.Traits.DirtyMiBs));
        Assert.Equal([new HostName("n1")], vm.Traits.Pinned.ToArray());
        Assert.Equal(default, file.Fleet.FindVm(new VmName("v2"))!.Host);
    }

    [Theory]
    [InlineData("\"cores\": 64", "\"cores\": 0", 4, "hosts[0].cores")]
    [InlineData("\"cores\": 64, ", "", 4, "hosts[0].cores")]
    [InlineData("\"cores\": 32", "\"cores\": 1.5", 5, "hosts[1].cores")]
    [InlineData("\"mem\": 1000", "\"mem\": \"1000\"", 4, "hosts[0].mem")]
    [InlineData("\"node_mem\": 100, \"disk\"", "\"node_mem\": 1001, \"disk\"", 4, "hosts[0].node_mem")]
    [InlineData("\"name\": \"n2\"", "\"name\": \"n1\"", 5, "hosts[1].name")]
    [InlineData("\"name\": \"n2\"", "\"name\": \"-n2\"", 5, "hosts[1].name")]
    [InlineData("\"power\": \"off\"", "\"power\": \"asleep\"", 5, "hosts[1].power")]
    [InlineData("\"host\": \"n1\"", "\"host\": \"n9\"", 8, "vms[0].host")]
    [InlineData("\"cpu_cores\": 1.5", "\"cpu_cores\": -1", 8, "vms[0].cpu_cores")]
    [InlineData("\"vcpus\": 1,", "", 9, "vms[1].vcpus")]
    [InlineData("\"name\": \"v2\"", "\"name\": \"v1\"", 9, "vms[1].name")]
    [InlineData("\"vcpus\": 1,", "\"vcpus\" 1,", 9, "vms[1]")]
    [InlineData("\"vms\": [", "\"wms\": [", 11, "vms")]
    public void A_wrong_json_file_is_refused_with_line_and_field(string right, string wrong, int line, string field)
    {
        Assert.Contains(right, Json, StringComparison.Ordinal);

        var e = Assert.Throws<FleetFileException>(() => JsonFleetFile.Read(Json.Replace(right, wrong, StringComparison.Ordinal)));

        Assert.Equal((line, field), (e.Line, e.Field));
        Assert.Contains(field, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"hosts\": [")]
    [InlineData("nonsense")]
    public void What_is_no_fleet_at_all_is_refused(string text) => Assert.Throws<FleetFileException>(() => JsonFleetFile.Read(text));

    [Fact]
    public void Ganetis_text_is_read_with_its_loads()
    {
        var file = GanetiFleetFile.Read(Data, "v1 0.025 0.1 0.1 0.1\n");

        Assert.Equal(4.0, file.VcpuRatio);
        Assert.Equal((64, 900, "uuid-1"), (file.Fleet.Hosts[0].Cpus, file.Fleet.Hosts[0].MemoryMiB, file.Fleet.Hosts[0].Pool));
        Assert.Equal(PowerState.Off, file.Fleet.Hosts[1].Power);
        Assert.Equal(1.6, file.Fleet.Vms[0].CpuCores, 9);
        Assert.Equal(4, GanetiFleetFile.Read(Data, null).Fleet.Vms[0].CpuCores);
    }

    [Theory]
    [InlineData("n1|1000", "n1|x", 3, "total memory")]
    [InlineData("|64|M|", "|0|M|", 3, "cores")]
    [InlineData("|64|Y|", "|64|?|", 4, "offline")]
    [InlineData("n2|1000|100", "n2|1000|1001", 4, "node memory")]
    [InlineData("n2|", "n1|", 4, "node name")]
    [InlineData("|Y|n1||", "|Y|n7||", 6, "primary node")]
    [InlineData("v1|512|40|4|running|Y|n1||ext||1|-|N", "v1|512", 6, "field 3")]
    [InlineData("|4.0|32.0", "|many|32.0", 9, "vcpu_ratio")]
    public void A_wrong_ganeti_file_is_refused_with_line_and_field(string right, string wrong, int line, string field)
    {
        Assert.Contains(right, Data, StringComparison.Ordinal);

        var e = Assert.Throws<FleetFileException>(() => GanetiFleetFile.Read(Data.Replace(right, wrong, StringComparison.Ordinal), null));

        Assert.Equal((line, field), (e.Line, e.Field));
    }

    [Theory]
    [InlineData("v1", 1)]
    [InlineData("v0 0.1\nv1 nan", 2)]
    [InlineData("v1 -1", 1)]
    public void Wrong_loads_are_refused_with_their_line(string util, int line)
    {
        var e = Assert.Throws<FleetFileException>(() => GanetiFleetFile.Read(Data, util));

        Assert.Equal((line, "cpu"), (e.Line, e.Field));
    }
}
