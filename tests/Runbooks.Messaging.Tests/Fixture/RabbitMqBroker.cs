using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Runbooks.Messaging.Settings;

namespace Runbooks.Messaging.Tests.Fixture;

/// <summary>
/// A real RabbitMQ for the run of the tests: one that the fixture starts from the system's package, with a name, folder,
/// ports and port mapper of its own, or the one that <c>RUNBOOKS_TEST_RABBITMQ</c> names (<c>amqp://user:password@host:port</c>).
/// </summary>
public sealed class RabbitMqBroker : IAsyncLifetime
{
    private const string Programs = "/usr/lib/rabbitmq/bin/rabbitmq-server";

    private static readonly TimeSpan LongestStart = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("runbooks-mq-");
    private readonly Uri? given = Environment.GetEnvironmentVariable("RUNBOOKS_TEST_RABBITMQ") is { Length: > 0 } uri ? new Uri(uri) : null;
    private readonly int port = FreePort();
    private readonly int distributionPort = FreePort();
    private readonly int mapperPort = FreePort();
    private Process? mapper;
    private Process? server;

    public RabbitMqAddress Address { get; private set; } = null!;

    /// <summary>False for a broker that was given to us: it is not ours to stop.</summary>
    public bool MayBeStopped => given is null;

    public async Task InitializeAsync()
    {
        if (given is not null)
        {
            var user = given.UserInfo.Split(':');
            Address = new RabbitMqAddress(given.Host, (ushort)given.Port, "/", user[0], user.ElementAtOrDefault(1) ?? string.Empty);
            return;
        }

        Assert.True(File.Exists(Programs), "RabbitMQ is missing; deploy/test/install-prerequisites brings it.");
        Address = new RabbitMqAddress("127.0.0.1", (ushort)port, "/", "guest", "guest");
        mapper = Run("/usr/bin/epmd", "-port", mapperPort.ToString(CultureInfo.InvariantCulture), "-address", "127.0.0.1");
        await StartAsync();
    }

    public async Task StartAsync()
    {
        server = Run(Programs);
        var deadline = DateTimeOffset.UtcNow + LongestStart;
        while (!await AnswersAsync())
        {
            Assert.False(server.HasExited, $"RabbitMQ ended at its start; its log is in {folder.FullName}.");
            Assert.True(DateTimeOffset.UtcNow < deadline, $"RabbitMQ does not answer on port {port}; its log is in {folder.FullName}.");
            await Task.Delay(100);
        }
    }

    public async Task StopAsync()
    {
        if (server is not null)
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync();
            server.Dispose();
            server = null;
        }
    }

    public async Task DisposeAsync()
    {
        await StopAsync();
        mapper?.Kill();
        mapper?.Dispose();
        folder.Delete(recursive: true);
    }

    private Process Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.FullName,
        };
        foreach (var (name, value) in Environment())
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        Dictionary<string, string> Environment() => new()
        {
            ["HOME"] = folder.FullName,
            ["ERL_EPMD_PORT"] = mapperPort.ToString(CultureInfo.InvariantCulture),
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODENAME"] = $"runbooks-test-{port}@localhost",
            ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODE_PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["RABBITMQ_DIST_PORT"] = distributionPort.ToString(CultureInfo.InvariantCulture),
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
            ["RABBITMQ_BASE"] = folder.FullName,
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(folder.FullName, "mnesia"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(folder.FullName, "log"),
            ["RABBITMQ_PID_FILE"] = Path.Combine(folder.FullName, "pid"),
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(folder.FullName, "none"),
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(folder.FullName, "plugins"),
        };
    }

    /// <summary>The broker opens its port last.</summary>
    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
