using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Tests.Contract;

/// <content>The networks of a host; a driver that has none passes these without being asked.</content>
public abstract partial class HypervisorContract
{
    private static readonly HostNetwork Isolated = new(NetworkKind.VirtualNetwork, "rb-isolated");
    private static readonly HostNetwork Inner = new(NetworkKind.Bridge, "rb-inner");

    public static TheoryData<NetworkKind, bool> NetworksThatCanBeMade => new()
    {
        { NetworkKind.Bridge, false },
        { NetworkKind.Bridge, true },
        { NetworkKind.VirtualNetwork, false },
        { NetworkKind.VirtualNetwork, true },
    };

    [Theory]
    [MemberData(nameof(NetworksThatCanBeMade))]
    public async Task A_network_is_made_seen_as_ours_and_removed_and_each_may_be_asked_for_twice(NetworkKind kind, bool leadsOut)
    {
        if (lab.A.Networks is not { } networks)
        {
            return;
        }

        var wanted = new HostNetwork(kind, leadsOut ? "rb-out" : "rb-in", null, leadsOut ? lab.Uplink : null);
        if (!Has(kind))
        {
            Fault(FaultKind.Unsupported, await networks.CreateAsync(wanted, None));
            return;
        }

        Ok(await networks.CreateAsync(wanted, None));
        Ok(await networks.CreateAsync(wanted, None));
        var seen = Assert.Single(await NetworksAsync(networks), n => n.Name == wanted.Name && n.Kind == kind);
        Assert.Equal(wanted with { IsOurs = true }, seen);

        Ok(await networks.RetireAsync(seen, None));
        Ok(await networks.RetireAsync(seen, None));
        Ok(await networks.RemoveAsync(seen, None));
        Ok(await networks.RemoveAsync(seen, None));
        Ok(await networks.RetireAsync(seen, None));
        Assert.DoesNotContain(await NetworksAsync(networks), n => n.Name == wanted.Name);
    }

    [Theory]
    [InlineData(NetworkKind.Bridge)]
    [InlineData(NetworkKind.VirtualNetwork)]
    public async Task A_network_in_a_VLAN_is_made_and_goes_without_a_trace(NetworkKind kind)
    {
        if (lab.A.Networks is not { } networks)
        {
            return;
        }

        var before = await NetworksAsync(networks);
        var wanted = new HostNetwork(kind, "rb-vlan", 42, lab.Uplink);
        var made = await networks.CreateAsync(wanted, None);
        if (lab.KnowsVlans && Has(kind))
        {
            Ok(made);
            Assert.Contains(wanted with { IsOurs = true }, await NetworksAsync(networks));
            Ok(await networks.RetireAsync(wanted, None));
            Ok(await networks.RemoveAsync(wanted, None));
        }
        else
        {
            Fault(FaultKind.Unsupported, made);
        }

        Assert.Equal(before, await NetworksAsync(networks));
    }

    [Fact]
    public async Task Only_a_retired_network_is_removed_and_making_it_takes_it_back()
    {
        if (lab.A.Networks is not { } networks)
        {
            return;
        }

        foreach (var network in new[] { Inner, Isolated }.Where(n => Has(n.Kind)))
        {
            Ok(await networks.CreateAsync(network, None));
            Fault(FaultKind.Refused, await networks.RemoveAsync(network, None));
            Ok(await networks.RetireAsync(network, None));
            Assert.True(Assert.Single(await NetworksAsync(networks), n => n.Name == network.Name).IsRetired);

            Ok(await networks.CreateAsync(network, None));

            Assert.False(Assert.Single(await NetworksAsync(networks), n => n.Name == network.Name).IsRetired);
            Fault(FaultKind.Refused, await networks.RemoveAsync(network, None));
            Assert.Contains(await NetworksAsync(networks), n => n.Name == network.Name);
        }
    }

    [Theory]
    [InlineData(NetworkKind.Bridge)]
    [InlineData(NetworkKind.VirtualNetwork)]
    public async Task A_network_that_a_VM_is_plugged_into_stays_whether_it_runs_or_not(NetworkKind kind)
    {
        if (lab.A.Networks is not { } networks)
        {
            return;
        }

        var network = kind == NetworkKind.Bridge ? Inner : Isolated;
        if (!Has(kind))
        {
            Fault(FaultKind.Unsupported, await networks.RetireAsync(network, None));
            return;
        }

        Ok(await networks.CreateAsync(network, None));
        var vm = await lab.DefineAsync(new GuestSpec { Network = network });
        Fault(FaultKind.Refused, await networks.RetireAsync(network, None));
        Ok(await lab.A.StartAsync(vm, None));
        Fault(FaultKind.Refused, await networks.RetireAsync(network, None));
        Ok(await lab.A.DestroyAsync(vm, None));
        Ok(await lab.A.UndefineAsync(vm, None));

        Ok(await networks.RetireAsync(network, None));
        Ok(await networks.RemoveAsync(network, None));
    }

    [Fact]
    public async Task A_VM_that_was_plugged_in_after_the_network_was_retired_keeps_it()
    {
        if (lab.A.Networks is not { } networks)
        {
            return;
        }

        Ok(await networks.CreateAsync(Inner, None));
        Ok(await networks.RetireAsync(Inner, None));
        _ = await lab.DefineAsync(new GuestSpec { Network = Inner });

        Fault(FaultKind.Refused, await networks.RemoveAsync(Inner, None));

        Assert.False(Assert.Single(await NetworksAsync(networks), n => n.Name == Inner.Name).IsRetired);
    }

    [Fact]
    public async Task A_network_that_an_operator_made_is_used_and_never_removed()
    {
        if (lab.A.Networks is not { } networks)
        {
            return;
        }

        var theirs = new HostNetwork(NetworkKind.Bridge, "office");
        await lab.MakeBridgeOnAAsync(theirs.Name);

        Ok(await networks.CreateAsync(theirs, None));
        Fault(FaultKind.Refused, await networks.RetireAsync(theirs, None));
        Fault(FaultKind.Refused, await networks.RemoveAsync(theirs, None));
        Assert.False(Assert.Single(await NetworksAsync(networks), n => n.Name == theirs.Name).IsOurs);
    }

    [Fact]
    public async Task Networks_that_no_host_could_have_are_refused_and_leave_nothing()
    {
        if (lab.A.Networks is not { } networks)
        {
            return;
        }

        var before = await NetworksAsync(networks);
        foreach (var impossible in new[]
        {
            new HostNetwork(NetworkKind.Bridge, "sixteen-letters-"),
            new HostNetwork(NetworkKind.Bridge, "br'0;reboot"),
            new HostNetwork(NetworkKind.VirtualNetwork, "a/b"),
            new HostNetwork(NetworkKind.Bridge, "rb-x", 4095, lab.Uplink),
            new HostNetwork(NetworkKind.Bridge, "rb-x", 12),
            new HostNetwork(NetworkKind.Bridge, "rb-x", null, "no-such-link"),
            new HostNetwork(NetworkKind.VirtualNetwork, "rb-x", null, "no-such-link"),
        }.Where(n => Has(n.Kind)))
        {
            Fault(FaultKind.Refused, await networks.CreateAsync(impossible, None));
        }

        Assert.Equal(before, await NetworksAsync(networks));
    }

    [Fact]
    public async Task Interfaces_of_a_VM_are_read_whether_it_runs_or_not()
    {
        if (lab.A.Networks is not { } networks)
        {
            return;
        }

        var network = Has(NetworkKind.VirtualNetwork) ? Isolated : Inner;
        Ok(await networks.CreateAsync(network, None));
        var vm = await lab.DefineAsync(new GuestSpec { Network = network });
        var off = await InterfacesAsync(networks, vm);
        Ok(await lab.A.StartAsync(vm, None));
        var on = await InterfacesAsync(networks, vm);

        Assert.Equal((network.Kind, network.Name), (Assert.Single(off).Kind, off[0].Network));
        Assert.Equal(off, on);
        Assert.Matches("^([0-9a-f]{2}:){5}[0-9a-f]{2}$", off[0].Mac);
        Fault(FaultKind.NotFound, await networks.ReadInterfacesAsync(new("nobody"), None));
    }

    [Fact]
    public async Task A_running_VM_is_announced_and_one_that_is_off_is_not()
    {
        if (lab.A.Networks is not { } networks)
        {
            return;
        }

        Ok(await networks.CreateAsync(Inner, None));
        var vm = await lab.DefineAsync(new GuestSpec { Network = Inner });
        Assert.False((await networks.AnnounceAsync(vm, None)).IsOk);
        Ok(await lab.A.StartAsync(vm, None));

        var announced = await networks.AnnounceAsync(vm, None);
        if (lab.CanAnnounce)
        {
            Ok(announced);
        }
        else
        {
            Fault(FaultKind.Unsupported, announced);
        }
    }

    [Fact]
    public async Task What_a_VM_needs_is_read_here_and_the_other_host_offers_it()
    {
        if (lab.A.MoveChecks is not { } here || lab.B.MoveChecks is not { } there)
        {
            return;
        }

        var vm = await RunningOnAAsync();
        var needs = await here.ReadNeedsAsync(vm, None);
        Ok(needs);
        var offer = await there.ReadOfferAsync(needs.Value, lab.A.Host, None);
        Ok(offer);
        var way = await here.TryPeerAsync(lab.B.Host, None);
        Ok(way);

        Assert.True(offer.Value.Cpu == CpuFit.Fits, $"{offer.Value}");
        Assert.True(way.Value.Trust == PeerTrust.Trusted, $"{way.Value}");
        Fault(FaultKind.NotFound, await here.ReadNeedsAsync(new("nobody"), None));
    }

    [Fact]
    public async Task A_guest_that_is_up_says_that_it_is_alive()
    {
        if (!lab.A.Features.HasFlag(HypervisorFeatures.GuestAgent))
        {
            return;
        }

        var vm = await RunningOnAAsync();

        await UntilAsync($"{vm} is alive", () => lab.A.AskGuestAsync(vm, None), a => a == GuestAnswer.Alive);
    }

    private bool Has(NetworkKind kind) => kind != NetworkKind.VirtualNetwork || lab.HasVirtualNetworks;

    private static async Task<IReadOnlyList<HostNetwork>> NetworksAsync(IHostNetworks networks)
    {
        var seen = await networks.ObserveAsync(None);
        Ok(seen);
        return [.. seen.Value.Where(n => n.Kind != NetworkKind.HostInterface)];
    }

    private static async Task<IReadOnlyList<VmInterface>> InterfacesAsync(IHostNetworks networks, Runbooks.Fleet.Model.VmName vm)
    {
        var seen = await networks.ReadInterfacesAsync(vm, None);
        Ok(seen);
        return seen.Value;
    }
}
