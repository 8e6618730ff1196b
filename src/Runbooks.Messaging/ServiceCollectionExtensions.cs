using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
using Quartz;
using Runbooks.Messaging.Broker;
using Runbooks.Messaging.Events;
using Runbooks.Messaging.Outbox;
using Runbooks.Messaging.Schedules;
using Runbooks.Messaging.Settings;
using Runbooks.Messaging.Tasks;
using Runbooks.Messaging.Triggers;

namespace Runbooks.Messaging;

/// <summary>Where the scheduler keeps its schedules.</summary>
public enum ScheduleStore
{
    /// <summary>In the PostgreSQL data source that the container has; its tables come with the storage's schema.</summary>
    Postgres,

    /// <summary>In this process. For tests and for looking around.</summary>
    Memory,
}

public static class ServiceCollectionExtensions
{
    /// <summary>The queue from which threshold events are taken; servers share it.</summary>
    public const string EventQueue = "runbooks-threshold-events";

    /// <summary>The queue from which events for runs are taken.</summary>
    public const string RunEventQueue = "runbooks-events";

    /// <summary>The queue from which reports that tasks are done are taken.</summary>
    public const string TaskQueue = "runbooks-task-results";

    private const int MaxRetries = 8;

    /// <summary>To a broker that is away there is nothing to say; messages that were not acknowledged come again.</summary>
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Adds what starts runs by time and by event, and what tells the world about them. Needs <c>IRunStarter</c>,
    /// <c>IRunStore</c>, <c>IOutbox</c>, <c>IEventPublisher</c>, <c>TaskDesk</c> and <c>DefinitionCatalog</c>. Neither a broker nor a database that goes away later stops the server.
    /// </summary>
    public static IServiceCollection AddRunbooksMessaging(this IServiceCollection services, MessagingSettings settings, ScheduleStore store)
    {
        services.AddSingleton(settings);
        services.TryAddSingleton(TimeProvider.System);
        AddScheduler(services, store);
        AddBus(services, settings);
        services.AddHostedService<OutboxDispatcher>();
        services.AddSingleton<IThresholdEvents, ThresholdPublisher>();
        return services;
    }

    private static void AddScheduler(IServiceCollection services, ScheduleStore store)
    {
        services.AddQuartz(quartz =>
        {
            quartz.ConfigureScheduler(scheduler => scheduler.InstanceName = "runbooks");
            if (store == ScheduleStore.Memory)
            {
                quartz.UseInMemoryStore();
                return;
            }

            quartz.UsePersistentStore(persistent =>
            {
                persistent.UsePostgres(source => source.DataSourceFactory = provider => provider.GetRequiredService<NpgsqlDataSource>());
                persistent.UseClustering();
                persistent.ConfigureStore(options =>
                {
                    options.TablePrefix = "quartz.qrtz_";
                    options.StoreJobDataAsStrings = true;
                    options.SchemaProvisioning = SchemaProvisioning.Validate;
                });
            });
        });
        services.AddHostedService<ScheduleSynchronizer>();
        services.AddHostedService<TriggerSynchronizer>();
        services.AddQuartzHostedService(options => options.WaitForJobsToComplete = true);
    }

    private static void AddBus(IServiceCollection services, MessagingSettings settings)
    {
        // The transport logs each of its attempts to connect; BrokerWatch and ParkedEventLog say what an operator needs, once.
        services.AddLogging(logging => logging.AddFilter("MassTransit", LogLevel.Critical));
        services.AddHostedService<BusLogging>();
        services.AddReceiveEndpointObserver<BrokerWatch>();
        services.AddReceiveObserver<ParkedEventLog>();
        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.AddOptions<MassTransitHostOptions>().Configure(host => host.StopTimeout = LongestFarewell);
            bus.AddConsumer<ThresholdCrossedConsumer>();
            bus.AddConsumer<EventPublishedConsumer>();
            bus.AddConsumer<TaskCompletedConsumer>();
            if (settings.RabbitMq is { } rabbit)
            {
                bus.UsingRabbitMq((context, configurator) =>
                {
                    configurator.Host(rabbit.Host, rabbit.Port, rabbit.VirtualHost, host =>
                    {
                        host.Username(rabbit.Username);
                        host.Password(rabbit.Password);
                    });
                    AddQueues(context, (queue, consume) => configurator.ReceiveEndpoint(queue, endpoint =>
                    {
                        endpoint.SetQuorumQueue();
                        consume(endpoint);
                    }));
                });
            }
            else
            {
                bus.UsingInMemory((context, configurator) => AddQueues(context, (queue, consume) => configurator.ReceiveEndpoint(queue, endpoint => consume(endpoint))));
            }
        });
    }

    /// <summary>One queue for each kind of message: plain JSON does not say of what kind it is.</summary>
    private static void AddQueues(IRegistrationContext context, Action<string, Action<IReceiveEndpointConfigurator>> add)
    {
        add(EventQueue, endpoint => Consume<ThresholdCrossedConsumer>(endpoint, context));
        add(RunEventQueue, endpoint => Consume<EventPublishedConsumer>(endpoint, context));
        add(TaskQueue, endpoint => Consume<TaskCompletedConsumer>(endpoint, context));
    }

    private static void Consume<T>(IReceiveEndpointConfigurator endpoint, IRegistrationContext context)
        where T : class, IConsumer
    {
        // Whatever watches the fleet need not know MassTransit's envelope: plain JSON of the same shape is taken too.
        endpoint.UseRawJsonDeserializer(RawSerializerOptions.AnyMessageType);
        endpoint.UseMessageRetry(retry =>
        {
            retry.Exponential(MaxRetries, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(400));
            retry.Ignore<UnusableEventException>();
        });
        endpoint.ConfigureConsumer<T>(context);
    }
}
