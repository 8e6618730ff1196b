using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Hypervisors.Configuration;
using Runbooks.Messaging.Settings;
using Runbooks.Server.Access;
using Runbooks.Server.Secrets;
using Runbooks.Storage.Retention;
using Runbooks.Workflows.Execution;

namespace Runbooks.Server.Configuration;

/// <summary>All settings of one server, read and checked once, before anything is started.</summary>
/// <param name="Data">Folder in which the server keeps everything of its own; full path.</param>
public sealed record Settings(
    string Data,
    ServerOptions Server,
    DatabaseOptions Database,
    FleetOptions Fleet,
    SimulationOptions Simulation,
    PolicyOptions Policy,
    WorkflowsOptions Workflows,
    EngineOptions Engine)
{
    internal const string MigrationsSection = "Migrations";

    /// <summary>What the fleet file says; null for a simulated fleet.</summary>
    public FleetConfiguration? Hosts { get; init; }

    /// <summary>Section <c>Access</c>.</summary>
    public AccessOptions Access { get; init; } = AccessOptions.Nobody;

    /// <summary>Section <c>Secrets</c>.</summary>
    public SecretsOptions Secrets { get; init; } = new();

    /// <summary>Sections <c>Messaging</c>, <c>Schedules</c> and <c>Events</c>.</summary>
    public required MessagingSettings Messaging { get; init; }

    /// <summary>Section <c>Migrations</c>: how many VMs may be moved at once, and what each needs of the links.</summary>
    public TurnLimits Migrations { get; init; } = new();

    /// <summary>Section <c>Retention</c>: how long ended runs are kept.</summary>
    public RetentionOptions Retention { get; init; } = new();

    /// <summary>True when the configuration names the worker, so that no other name will do.</summary>
    public bool WorkerIsNamed { get; init; }

    /// <summary>Settings, or everything that is wrong with the configuration: an operator mends it in one go.</summary>
    public static (Settings? Settings, IReadOnlyList<string> Problems) Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var problems = new List<string>(UnknownKeys.In(configuration));
        var (messaging, messagingProblems) = MessagingSettings.Read(configuration);
        problems.AddRange(messagingProblems);
        var settings = new Settings(
            Path.GetFullPath(configuration["Data"] is { Length: > 0 } data ? data : "var"),
            Bind<ServerOptions>(configuration, ServerOptions.Section, problems),
            Bind<DatabaseOptions>(configuration, DatabaseOptions.Section, problems),
            Bind<FleetOptions>(configuration, FleetOptions.Section, problems),
            Bind<SimulationOptions>(configuration, SimulationOptions.Section, problems),
            Bind<PolicyOptions>(configuration, PolicyOptions.Section, problems),
            Bind<WorkflowsOptions>(configuration, WorkflowsOptions.Section, problems),
            Bind<EngineOptions>(configuration, EngineSettingsCheck.Section, problems))
        {
            Access = AccessOptions.Read(configuration, problems),
            Secrets = Bind<SecretsOptions>(configuration, SecretsOptions.Section, problems),
            Messaging = messaging ?? new MessagingSettings(null, [], []),
            Migrations = Bind<TurnLimits>(configuration, MigrationsSection, problems),
            Retention = Bind<RetentionOptions>(configuration, RetentionOptions.Section, problems),
            WorkerIsNamed = configuration[$"{EngineSettingsCheck.Section}:{nameof(EngineOptions.Worker)}"] is { Length: > 0 },
        };
        settings.Server.Check(problems);
        settings.Database.Check(problems);
        settings.Fleet.Check(problems);
        settings.Simulation.Check(problems);
        settings.Policy.Check(problems);
        settings.Secrets.Check(problems);
        settings.Retention.Check(problems);
        problems.AddRange(settings.Migrations.Problems().Select(p => $"{MigrationsSection}:{p}"));
        EngineSettingsCheck.Check(settings.Engine, problems);
        if (settings.Fleet is { Driver: FleetDriver.Libvirt, File.Length: > 0 })
        {
            var file = FleetFile.Load(settings.Fleet.File);
            problems.AddRange(file.Problems.Select(p => $"{settings.Fleet.File}: {p}"));
            settings = settings with { Hosts = file.Configuration };
        }

        return problems.Count == 0 ? (settings, []) : (null, problems);
    }

    /// <summary>Binds key by key, so that one value that does not fit hides no other problem.</summary>
    private static T Bind<T>(IConfiguration configuration, string name, List<string> problems)
        where T : class, new()
    {
        var options = new T();
        foreach (var value in configuration.GetSection(name).GetChildren())
        {
            var property = typeof(T).GetProperties().FirstOrDefault(p => string.Equals(p.Name, value.Key, StringComparison.OrdinalIgnoreCase) && p.CanWrite);
            if (property is null)
            {
                continue;
            }

            try
            {
                if (value.Value is { Length: > 0 })
                {
                    property.SetValue(options, value.Get(property.PropertyType));
                }
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException)
            {
                problems.Add($"{name}:{property.Name} is '{value.Value}'; {Expected(property.PropertyType)}");
            }
        }

        return options;
    }

    private static string Expected(Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        return target switch
        {
            _ when target.IsEnum => $"it can be {string.Join(" or ", Enum.GetNames(target).Select(n => char.ToLowerInvariant(n[0]) + n[1..]))}.",
            _ when target == typeof(TimeSpan) => "it is a time span, written like 00:00:05.",
            _ when target == typeof(bool) => "it is true or false.",
            _ => "it is a number.",
        };
    }
}
