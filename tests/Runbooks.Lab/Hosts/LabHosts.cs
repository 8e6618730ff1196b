using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Configuration;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Lab.Hosts;

/// <summary>A lab of real hosts, three unless said otherwise, that belongs to this test run alone.</summary>
public class LabHosts : IAsyncLifetime
{
    private readonly int hosts;
    private readonly string[] settings;
    private ServerProcess? server;

    public LabHosts()
        : this(3)
    {
    }

    /// <param name="hosts">How many hosts.</param>
    /// <param name="settings">Of its server, beside the usual ones.</param>
    internal LabHosts(int hosts, params string[] settings) => (this.hosts, Lab, this.settings) = (hosts, new LabCommand(Folder), settings);

    public string Folder { get; } = Directory.CreateTempSubdirectory("rb-lab-").FullName;

    public LabCommand Lab { get; }

    public RemoteDirectory Fleet { get; private set; } = null!;

    /// <summary>What is started: hosts, and Xen machines.</summary>
    protected virtual IReadOnlyList<string> Size => [$"{hosts}"];

    public string FleetFilePath => Path.Combine(Folder, "fleet.json");

    public async Task InitializeAsync()
    {
        await Lab.RunAsync(["start", .. Size]);
        Fleet = Connect();
        KnowsVlans = (await Lab.TryAsync("enter", "host1", "ip", "link", "add", "link", "eth1", "name", "eth1.4001", "type", "vlan", "id", "4001")).Code == 0;
        _ = await Lab.TryAsync("enter", "host1", "ip", "link", "delete", "eth1.4001");
    }

    /// <summary>The kernel can make VLAN interfaces.</summary>
    public bool KnowsVlans { get; private set; }

    /// <summary>The server that works on this lab, started when it is first asked for; later it has first put away what tests before left it with.</summary>
    public async Task<ServerProcess> ServerAsync()
    {
        if (server is null)
        {
            server = new ServerProcess(this, settings);
            await server.InitializeAsync();
        }
        else
        {
            await server.SettleAsync();
        }

        return server;
    }

    public async Task DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        if (Fleet is not null)
        {
            await Fleet.DisposeAsync();
        }

        await Lab.RunAsync("stop");
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>The hosts over connections of their own; with another ssh configuration if one is given.</summary>
    public RemoteDirectory Connect(string? sshConfig = null)
    {
        var file = FleetFile.Load(FleetFilePath);
        Assert.True(file.Configuration is not null, string.Join('\n', file.Problems));
        return new RemoteDirectory(file.Configuration with { SshConfig = sshConfig ?? file.Configuration.SshConfig }, TimeProvider.System);
    }

    /// <summary>Removes the networks of a host that we made, those that others lead out by last.</summary>
    public static async Task RemoveNetworksAsync(IHypervisor host)
    {
        foreach (var network in (await host.Networks!.ObserveAsync(CancellationToken.None)).Value.Where(n => n.IsOurs).Reverse())
        {
            _ = await host.Networks.RetireAsync(network, CancellationToken.None);
            _ = await host.Networks.RemoveAsync(network, CancellationToken.None);
        }
    }

    /// <summary>virsh on the host's own console: what an operator would see, past the driver and its connections.</summary>
    public Task<string> VirshAsync(HostName host, params string[] words) =>
        Lab.RunAsync(["enter", host.Value, "virsh", "-q", "-c", "qemu:///system", .. words]);

    /// <summary>The counters of a guest's heartbeat so far, from every host that it has run on.</summary>
    public IReadOnlyList<int> Beats(VmName vm)
    {
        var console = Path.Combine(Folder, "shared", $"{vm}.console");
        return File.Exists(console)
            ? [.. File.ReadAllLines(console)
                .Select(l => l.Split(' '))
                .Where(w => w.Length > 2 && w[0] == "BEAT")
                .Select(w => int.Parse(w[1]))]
            : [];
    }
}

/// <summary>All tests of real hosts share one lab and run one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LabCollection : ICollectionFixture<LabHosts>
{
    public const string Name = "lab";
}
