using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Configuration;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Lab.Hosts;

/// <summary>A lab of three real hosts that belongs to this test run alone.</summary>
public class LabHosts : IAsyncLifetime
{
    private ServerProcess? server;

    public LabHosts() => Lab = new LabCommand(Folder);

    public string Folder { get; } = Directory.CreateTempSubdirectory("rb-lab-").FullName;

    public LabCommand Lab { get; }

    public RemoteDirectory Fleet { get; private set; } = null!;

    /// <summary>What is started: hosts, and Xen machines.</summary>
    protected virtual IReadOnlyList<string> Size { get; } = ["3"];

    public string FleetFilePath => Path.Combine(Folder, "fleet.json");

    public async Task InitializeAsync()
    {
        await Lab.RunAsync(["start", .. Size]);
        Fleet = Connect();
    }

    /// <summary>The server that works on this lab, started when it is first asked for.</summary>
    public async Task<ServerProcess> ServerAsync()
    {
        if (server is null)
        {
            server = new ServerProcess(this);
            await server.InitializeAsync();
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
[CollectionDefinition(Name)]
public sealed class LabCollection : ICollectionFixture<LabHosts>
{
    public const string Name = "lab";
}
