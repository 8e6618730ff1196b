using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Runbooks.Storage.Embedded;
using Runbooks.Storage.Tests.Fixture;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Tests.Startup;

/// <summary>The storage as the server composes it.</summary>
[Collection(WithPostgres.Name)]
public sealed class StorageStartTests(PostgresCluster cluster)
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task The_database_is_ready_before_other_services_start_and_there_until_they_have_stopped()
    {
        var connection = await cluster.CreateDatabaseAsync();
        using var host = Build(o => o.ConnectionString = connection, services => services.AddHostedService<UsesTheStore>());

        await host.StartAsync(None);
        await host.StopAsync(None);

        var user = host.Services.GetServices<IHostedService>().OfType<UsesTheStore>().Single();
        Assert.Equal((0, 0), (user.RunsAtStart, user.RunsAtStop));
    }

    [Fact]
    public async Task Without_a_connection_string_a_private_cluster_is_made_and_ends_with_the_host()
    {
        var data = Directory.CreateTempSubdirectory("runbooks-start-");
        File.SetUnixFileMode(data.FullName, (UnixFileMode)0b111_101_101);
        using (var host = Build(o => o.DataFolder = data.FullName))
        {
            await host.StartAsync(None);
            Assert.Empty(await host.Services.GetRequiredService<IRunStore>().ListAsync(new RunFilter(), None));
            Assert.NotEmpty(new ClusterFolder(data.FullName).Processes());
            await host.StopAsync(None);
        }

        Assert.Empty(new ClusterFolder(data.FullName).Processes());
        data.Delete(recursive: true);
    }

    [Fact]
    public async Task A_start_that_fails_half_way_leaves_no_cluster_running()
    {
        var data = Directory.CreateTempSubdirectory("runbooks-start-");
        File.SetUnixFileMode(data.FullName, (UnixFileMode)0b111_101_101);
        using (var host = Build(o => o.DataFolder = data.FullName, services => services.AddHostedService<FailsToStart>()))
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(None));
        }

        Assert.Empty(new ClusterFolder(data.FullName).Processes());
        data.Delete(recursive: true);
    }

    [Fact]
    public async Task A_second_worker_of_the_same_name_is_refused_and_another_name_is_not()
    {
        var connection = await cluster.CreateDatabaseAsync();
        using var first = Build(o => (o.ConnectionString, o.WorkerName) = (connection, "w1"));
        await first.StartAsync(None);
        using var second = Build(o => (o.ConnectionString, o.WorkerName) = (connection, "w1"));
        using var third = Build(o => (o.ConnectionString, o.WorkerName) = (connection, "w2"));

        var refusal = await Assert.ThrowsAsync<StorageUnavailableException>(() => second.StartAsync(None));
        await third.StartAsync(None);

        Assert.Contains("Another server works under the name 'w1'", refusal.Message, StringComparison.Ordinal);
        await third.StopAsync(None);
        await first.StopAsync(None);
    }

    [Fact]
    public async Task The_name_is_free_again_as_soon_as_the_first_worker_has_ended()
    {
        var connection = await cluster.CreateDatabaseAsync();
        using (var first = Build(o => (o.ConnectionString, o.WorkerName) = (connection, "w1")))
        {
            await first.StartAsync(None);
            await first.StopAsync(None);
        }

        using var second = Build(o => (o.ConnectionString, o.WorkerName) = (connection, "w1"));
        await second.StartAsync(None);
        await second.StopAsync(None);
    }

    [Fact]
    public async Task A_database_that_is_down_stops_the_start_before_anything_else_has_started()
    {
        using var host = Build(
            o => o.ConnectionString = "Host=127.0.0.1;Port=1;Database=runbooks;Username=anna;Password=s3cret;Timeout=2",
            services => services.AddHostedService<UsesTheStore>());

        var refusal = await Assert.ThrowsAsync<StorageUnavailableException>(() => host.StartAsync(None));

        Assert.Contains("'runbooks' on 127.0.0.1:1 (user 'anna')", refusal.Message, StringComparison.Ordinal);
        Assert.Null(host.Services.GetServices<IHostedService>().OfType<UsesTheStore>().Single().RunsAtStart);
    }

    [Fact]
    public async Task All_problems_of_the_options_are_reported_together()
    {
        using var host = Build(o => (o.ConnectionString, o.WorkerName, o.MaxConnections) = ("Nonsense=1;Password=s3cret", " ", 2));

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(None));

        Assert.Equal(3, refusal.Failures.Count());
        Assert.DoesNotContain("s3cret", refusal.Message, StringComparison.Ordinal);
    }

    private static IHost Build(Action<StorageOptions> options, Action<IServiceCollection>? more = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.None);
        builder.Services.AddRunbooksStorage(o =>
        {
            o.WorkerName = $"w-{Guid.NewGuid():n}";
            options(o);
        });
        more?.Invoke(builder.Services);
        return builder.Build();
    }

    private sealed class UsesTheStore(IRunStore runs) : IHostedService
    {
        public int? RunsAtStart { get; private set; }

        public int? RunsAtStop { get; private set; }

        public async Task StartAsync(CancellationToken cancellationToken) =>
            RunsAtStart = (await runs.ListAsync(new RunFilter { Status = RunStatus.Pending }, cancellationToken)).Count;

        public async Task StopAsync(CancellationToken cancellationToken) =>
            RunsAtStop = (await runs.ListAsync(new RunFilter { Status = RunStatus.Pending }, cancellationToken)).Count;
    }

    private sealed class FailsToStart : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("The port is taken.");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
