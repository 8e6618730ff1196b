using Microsoft.Extensions.DependencyInjection.Extensions;
using Runbooks.Activities;
using Runbooks.Server.Approvals;
using Runbooks.Server.Configuration;
using Runbooks.Server.Events;
using Runbooks.Server.Orders;
using Runbooks.Server.Startup;
using Runbooks.Workflows.Activities;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Events;
using Runbooks.Workflows.Execution;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Library;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Runs;

internal static class ServiceCollectionExtensions
{
    /// <summary>The engine with the fleet's activities and the runbooks that it can run. It executes nothing yet: see <see cref="AddWorker"/>.</summary>
    public static IServiceCollection AddEngine(this IServiceCollection services, Settings settings) => services
        .AddSingleton(settings.Engine)
        .AddSingleton(ActivityRegistry.WithElsaActivities().AddFleetActivities())
        .AddSingleton(ProductVersion.Current)
        .AddSingleton<DefinitionReader>()
        .AddSingleton<DefinitionCatalog>()
        .AddSingleton<RunbookEditor>()
        .AddSingleton<RunbookImport>()
        .AddSingleton<Elsa.Definitions.DefinitionViews>()
        .AddSingleton<Library.VersionDesk>()
        .AddSingleton<IIdSource, TimeOrderedIds>()
        .AddWorkSignal()
        .AddSingleton<RunFactory>()
        .AddSingleton<IRunStarter, RunStarter>()
        .AddSingleton<IEventPublisher, EventPublisher>()
        .AddSingleton<TaskDesk>()
        .AddSingleton<IExecutionProbe, NoProbe>()
        .AddSingleton(p => new EngineServices(
            p.GetRequiredService<IRunStore>(),
            p.GetRequiredService<RunFactory>(),
            p,
            settings.Engine,
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<IExecutionProbe>(),
            p.GetRequiredService<IWorkSignal>(),
            p.GetRequiredService<ILoggerFactory>().CreateLogger("Runbooks.Engine")))
        .AddSingleton<Ability>()
        .AddSingleton<RunExecutor>()
        .AddHostedService<EngineStart>()
        .AddHostedService<CatalogRefresh>()
        .AddHostedService<EventSweep>();

    /// <summary>
    /// Executes runs. Added behind all that an effect needs, because what is added last stops first: the worker drains while
    /// hosts, messages and database are still there.
    /// </summary>
    public static IServiceCollection AddWorker(this IServiceCollection services) => services
        .AddSingleton<Worker>()
        .AddHostedService<WorkerService>();

    /// <summary>What people see of runs, whichever worker executes them.</summary>
    public static IServiceCollection AddRunBoard(this IServiceCollection services) => services
        .AddSingleton<RunBoard>()
        .AddSingleton<RunTeller>()
        .AddSingleton<ApprovalDesk>()
        .AddSingleton<RunRequests>()
        .AddSingleton<OrderDesk>()
        .AddSingleton<BulkOrders>()
        .AddHostedService<RunWatcher>();

    /// <summary>A store that many servers share has brought a signal that they share.</summary>
    private static IServiceCollection AddWorkSignal(this IServiceCollection services)
    {
        services.TryAddSingleton<IWorkSignal, WorkSignal>();
        return services;
    }
}
