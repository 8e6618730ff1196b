using System.Text.Json.Nodes;
using Runbooks.Fleet.Model;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.Runs;

/// <summary>Hosts and VMs that are not what a run was told: it says which and what to do, and nothing else stops.</summary>
[Collection(LabCollection.Name)]
public sealed class BadHosts(LabHosts lab) : IAsyncLifetime
{
    private readonly Guests guests = new(lab);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await guests.DisposeAsync();

    [Fact]
    public async Task A_run_to_an_unreachable_host_says_so_and_one_between_other_hosts_finishes()
    {
        var server = await lab.ServerAsync();
        var vm = await guests.StartAsync(Guests.Host1);
        var other = await guests.StartAsync(Guests.Host1);
        await lab.Lab.RunAsync("cut", "host3");

        var runs = await Task.WhenAll(server.RunAsync("migrate-vm", To("host3", vm)), server.RunAsync("migrate-vm", To("host2", other)));
        var ends = await Task.WhenAll(runs.Select(server.EndOfAsync));

        Assert.True(ends[0].Status == "compensated", $"{ends[0]}");
        Assert.Contains("host3", ends[0].Reason, StringComparison.Ordinal);
        Assert.Contains("See that the host is on and its network", ends[0].Reason, StringComparison.Ordinal);
        Assert.True(ends[1].Status == "finished", $"{ends[1]}");
        await lab.Lab.RunAsync("heal", "host3");
        await guests.RunsOnlyOnAsync(Guests.Host1, vm);
        await guests.RunsOnlyOnAsync(Guests.Host2, other);
        await server.UntilReleasedAsync(vm);
    }

    [Theory]
    [InlineData("unknown", "is not in known_hosts", "ssh-keyscan host3")]
    [InlineData("changed", "is not the one in known_hosts", "ssh-keygen -R host3")]
    public async Task A_run_to_a_host_whose_key_is_not_trusted_says_what_to_do_and_works_when_it_was_done(string which, string found, string advice)
    {
        var server = await lab.ServerAsync();
        var vm = await guests.StartAsync(Guests.Host1);
        var trusted = await File.ReadAllTextAsync(server.KnownHosts);
        try
        {
            var without = trusted.Replace("host3,10.77.0.13", "elsewhere", StringComparison.Ordinal);
            await File.WriteAllTextAsync(server.KnownHosts, which == "unknown"
                ? without
                : without.Replace("host2,10.77.0.12", "host2,10.77.0.12,host3,10.77.0.13", StringComparison.Ordinal));

            // A connection that is open was checked when it was made; the next one is checked anew.
            await lab.Lab.RunAsync("poweroff", "host3");
            await lab.Lab.RunAsync("poweron", "host3");
            await UntilAnswersAsync(server, Guests.Host3);
            var refused = await server.EndOfAsync(await server.RunAsync("migrate-vm", To("host3", vm)));

            Assert.True(refused.Status == "compensated", $"{refused}");
            Assert.Contains("host3", refused.Reason, StringComparison.Ordinal);
            Assert.Contains(found, refused.Reason, StringComparison.Ordinal);
            Assert.Contains(advice, refused.Reason, StringComparison.Ordinal);
        }
        finally
        {
            await File.WriteAllTextAsync(server.KnownHosts, trusted);
        }

        var end = await server.EndOfAsync(await server.RunAsync("migrate-vm", To("host3", vm)));
        Assert.True(end.Status == "finished", $"{end}");
        await guests.RunsOnlyOnAsync(Guests.Host3, vm);
    }

    [Fact]
    public async Task A_run_for_a_VM_that_has_vanished_says_that_nobody_has_it()
    {
        var server = await lab.ServerAsync();
        var vm = await guests.StartAsync(Guests.Host1);
        await server.UntilAsync("the server has seen it", async () => (await server.SeeHostAsync(Guests.Host1)).Has(vm.Value));
        _ = await lab.VirshAsync(Guests.Host1, "destroy", vm.Value);
        _ = await lab.VirshAsync(Guests.Host1, "undefine", vm.Value);

        var end = await server.EndOfAsync(await server.RunAsync("migrate-vm", To("host2", vm)));

        Assert.True(end.Status == "compensated", $"{end}");
        Assert.Contains($"VM {vm} does not run", end.Reason, StringComparison.Ordinal);
        Assert.Contains("No host that answers has it", end.Reason, StringComparison.Ordinal);
        await server.UntilReleasedAsync(vm);
    }

    [Fact]
    public async Task A_VM_that_dies_during_its_move_needs_a_person_and_cancelling_gives_its_room_back()
    {
        var server = await lab.ServerAsync();
        var vm = await guests.StartAsync(Guests.Host1, memoryMiB: 256, workingSetMiB: 64, writeMiBs: 32);
        var run = await server.RunAsync("migrate-vm", new JsonObject { ["Vm"] = vm.Value, ["Destination"] = "host2", ["BandwidthMiBs"] = 8 });
        await server.UntilAsync("memory is being copied", async () => (await server.SeeAsync(run)).CopiedBytes > 0);

        _ = await lab.Lab.RunAsync("enter", "host1", "sh", "-c", $"kill -9 $(cat /run/libvirt/qemu/{vm}.pid)");

        var end = await server.EndOfAsync(run);
        Assert.True(end.Status == "needsAttention", $"{end}");
        Assert.Contains($"VM {vm} runs on neither host", end.Reason, StringComparison.Ordinal);
        _ = await server.CancelAsync(run);
        await server.UntilReleasedAsync(vm);
    }

    private static JsonObject To(string host, VmName vm) => new() { ["Vm"] = vm.Value, ["Destination"] = host };

    private async Task UntilAnswersAsync(ServerProcess server, HostName host) =>
        await server.UntilAsync($"{host} answers", async () => (await lab.Lab.TryAsync("ssh", host.Value, "virsh", "-c", "qemu:///system", "version")).Code == 0);
}
