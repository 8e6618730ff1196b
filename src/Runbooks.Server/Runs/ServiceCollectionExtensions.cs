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
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Runs;

internal static class ServiceCollectionExtensions
{
    /// <summary>The engine with the fleet's activities, the worker that executes runs, and the board that shows them.</summary>
    public static IServiceCollection AddEngine(this IServiceCollection services, Settings settings) => services
        .AddSingleton(settings.Engine)
        .AddSingleton(ActivityRegistry.WithElsaActivities().AddFleetActivities())
        .AddSingleton<DefinitionReader>()
        .AddSingleton<DefinitionCatalog>()
        .AddSingleton<IIdSource, TimeOrderedIds>()
        .AddSingleton<IWorkSignal, WorkSignal>()
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
        .AddSingleton<RunExecutor>()
        .AddSingleton<Worker>()
        .AddSingleton<RunBoard>()
        .AddSingleton<RunTeller>()
        .AddSingleton<ApprovalDesk>()
        .AddSingleton<RunRequests>()
        .AddSingleton<OrderDesk>()
        .AddSingleton<BulkOrders>()
        .AddHostedService<EngineStart>()
        .AddHostedService<WorkerService>()
        .AddHostedService<EventSweep>()
        .AddHostedService<RunWatcher>();
}
