using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Linux.Networks;
using Runbooks.Hypervisors.Ssh;
using Runbooks.Hypervisors.Tests.Libvirt;
using Runbooks.Hypervisors.Xen;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Tests.Xen;

/// <summary>What VMs of Xen are plugged into, and what a host offers them.</summary>
public sealed class DevicesOfXen
{
    private const string Features = "078bf3fd:80002001:20100800:00000005:00000000:00000000:00000000:00000000";

    private static readonly VmName Vm = new("g1");

    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public void A_guests_end_of_a_bridge_is_neither_its_way_out_nor_an_interface_of_the_host()
    {
        Assert.True(LinkReading.TryRead(Sample.Text("ip-link-xen.json"), out var links, out var problem), problem);

        var networks = LinkReading.Networks(links, new Dictionary<string, string>()).ToArray();

        Assert.True(links["vif1.0"].IsOfGuest);
        Assert.Equal(new HostNetwork(NetworkKind.Bridge, "rb-t", 42, "eth0"), Assert.Single(networks, n => n.Name == "rb-t"));
        Assert.Equal(["eth0", "eth0.42", "eth1", "eth2", "lo"], networks.Where(n => n.Kind == NetworkKind.HostInterface).Select(n => n.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""[{"ifname":"vif7.0","flags":["UP"],"master":"b"}]""", true)]
    [InlineData("""[{"ifname":"guest","flags":["UP"],"master":"b","parentbus":"xen-backend"}]""", true)]
    [InlineData("""[{"ifname":"vif-uplink","flags":["UP"],"master":"b"}]""", false)]
    public void A_guests_end_is_known_by_its_bus_or_by_its_name(string text, bool isOfGuest)
    {
        Assert.True(LinkReading.TryRead(text, out var links, out _));

        Assert.Equal(isOfGuest, Assert.Single(links.Values).IsOfGuest);
    }

    [Fact]
    public void The_devices_of_a_running_domain_are_read()
    {
        Assert.True(XenDevices.TryRead(Sample.Text("xl-list-l.json"), "xenbr0", out var devices, out var problem), problem);

        Assert.Equal(["/guests/g1.img"], devices.Disks);
        Assert.Equal(new VmInterface("00:16:3e:79:ca:f8", NetworkKind.Bridge, "rb-t"), Assert.Single(devices.Interfaces));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("[{\"domid\":1}]")]
    [InlineData("(domain (domid 1))")]
    public void Another_answer_is_not_taken_for_a_domain_without_devices(string text) =>
        Assert.False(XenDevices.TryRead(text, "xenbr0", out _, out var problem) || problem.Length == 0);

    [Theory]
    [InlineData("format=raw, vdev=xvda, access=rw, target=/guests/a,b.img", "/guests/a,b.img")]
    [InlineData("/guests/a.img,raw,xvda,rw", "/guests/a.img")]
    [InlineData("file:/guests/a.img,xvda,w", "/guests/a.img")]
    [InlineData("tap:aio:/guests/a.img,xvda,w", "/guests/a.img")]
    [InlineData("phy:/dev/vg/a,xvda,w", "/dev/vg/a")]
    [InlineData("phy:vg/a,xvda,w", "/dev/vg/a")]
    [InlineData(",raw,hdc,r,cdrom", null)]
    public void A_disks_path_is_found_in_every_way_of_saying_it(string disk, string? path) =>
        Assert.Equal(path is null ? [] : [path], Read($"disk = [ \"{disk}\" ]").Disks);

    [Theory]
    [InlineData("mac=00:16:3E:00:00:01, bridge=office", "office")]
    [InlineData("bridge=office", "office")]
    [InlineData("mac=00:16:3e:00:00:01", "xenbr0")]
    [InlineData("mac=00:16:3e:00:00:01, script=vif-openvswitch, bridge=ovs0", "ovs0")]
    [InlineData("mac=00:16:3e:00:00:01, script=/etc/xen/scripts/vif-route, ip=10.0.0.1", null)]
    public void An_interfaces_bridge_is_the_named_one_or_the_hosts_usual_one(string vif, string? bridge) =>
        Assert.Equal(bridge is null ? [] : [bridge], Read($"vif = [ \"{vif}\" ]").Interfaces.Select(i => i.Network));

    [Fact]
    public void A_CPU_with_more_features_fits_and_one_that_lacks_a_feature_is_told_which()
    {
        var need = XenCpu.Need([Features]);

        Assert.Equal(CpuFit.Fits, XenCpu.Judge(need, [Features]).Fit);
        Assert.Equal(CpuFit.Fits, XenCpu.Judge(need, [Features.Replace("00000005", "0000000d", StringComparison.Ordinal)]).Fit);
        var (fit, words) = XenCpu.Judge(need, [Features.Replace("20100800", "20000800", StringComparison.Ordinal)]);
        Assert.Equal(CpuFit.DoesNotFit, fit);
        Assert.Contains("2:20", words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<need kind='guest'/>", Features)]
    [InlineData(null, Features)]
    [InlineData("hw_caps " + Features, "")]
    [InlineData("hw_caps " + Features, "none")]
    public void Features_that_were_not_told_are_not_taken_for_missing(string? need, string offer) =>
        Assert.Equal(CpuFit.NotKnown, XenCpu.Judge(need, [offer]).Fit);

    [Fact]
    public async Task A_VM_that_is_off_is_read_from_its_definition_and_one_without_is_not_there()
    {
        var off = Driver(Answer("name = \"g1\"\nvif = [ \"mac=00:16:3e:00:00:01\" ]", string.Empty));
        var gone = Driver(Answer(null, string.Empty));

        var plug = Assert.Single((await off.Networks.ReadInterfacesAsync(Vm, None)).Value);

        Assert.Equal("office", plug.Network);
        Assert.Equal(FaultKind.NotFound, (await gone.Networks.ReadInterfacesAsync(Vm, None)).Fault?.Kind);
        Assert.Equal(FaultKind.NotFound, (await gone.MoveChecks.ReadNeedsAsync(Vm, None)).Fault?.Kind);
    }

    [Theory]
    [InlineData("@@cpu\n0\n@@bridge\nb\n@@definition\nWillkommen!\n@@domain\n@@end\n")]
    [InlineData("@@cpu\n0\n@@bridge\nb\n@@definition\n@@domain\nWillkommen!\n@@end\n")]
    [InlineData("@@cpu\n0\n@@bridge\nb\n@@end\n")]
    [InlineData("@@cpu\n0\n@@bridge\nb\n@@definition\n@@domain\n")]
    [InlineData("Willkommen!\n")]
    [InlineData("")]
    public async Task An_answer_that_makes_no_sense_is_a_bad_answer(string output)
    {
        var driver = Driver(new RemoteOutput(0, output, string.Empty));

        Assert.Equal(FaultKind.BadAnswer, (await driver.Networks.ReadInterfacesAsync(Vm, None)).Fault?.Kind);
        Assert.Equal(FaultKind.BadAnswer, (await driver.Networks.ObserveAsync(None)).Fault?.Kind);
        Assert.Equal(FaultKind.BadAnswer, (await driver.MoveChecks.ReadNeedsAsync(Vm, None)).Fault?.Kind);
        Assert.Equal(FaultKind.BadAnswer, (await driver.MoveChecks.ReadOfferAsync(new VmNeeds(null, []), new HostName("xen2"), None)).Fault?.Kind);
    }

    [Fact]
    public async Task A_host_without_Xen_proves_no_absence()
    {
        var driver = Driver(new RemoteOutput(127, string.Empty, "sh: 1: xl: not found"));

        Assert.Equal(FaultKind.Unsupported, (await driver.Networks.ReadInterfacesAsync(Vm, None)).Fault?.Kind);
    }

    [Fact]
    public async Task A_virtual_network_of_libvirt_is_not_made_on_a_Xen_host()
    {
        var fault = (await Driver(new RemoteOutput(0, "made", string.Empty)).Networks.CreateAsync(new HostNetwork(NetworkKind.VirtualNetwork, "default"), None)).Fault!;

        Assert.Equal(FaultKind.Unsupported, fault.Kind);
        Assert.Contains("bridge", fault.Advice, StringComparison.Ordinal);
    }

    private static XenDevices Read(string definition)
    {
        Assert.True(XlConfig.TryParse(definition, out var config, out var problem), problem);
        return XenDevices.Of(config, "xenbr0");
    }

    private static RemoteOutput Answer(string? definition, string domain) => new(
        0,
        $"@@cpu\n{Features}\n@@bridge\noffice\n@@definition\n{(definition is null ? "" : Convert.ToBase64String(Encoding.UTF8.GetBytes(definition)))}\n@@domain\n{domain}\n@@end\n",
        string.Empty);

    private static XenHypervisor Driver(RemoteOutput answer) =>
        new(new XenHost(new HostName("xen1"), "root@xen1", "root@xen1"), new ScriptedShell(_ => answer), _ => null, TimeProvider.System);
}
