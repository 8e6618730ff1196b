using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Storage.Retention;

namespace Runbooks.Server.Configuration;

/// <summary>
/// A misspelt key would silently leave a default in force, so our sections are held against what is known. Other
/// sections (environment variables of the machine arrive there too) are nobody's business.
/// </summary>
internal static class UnknownKeys
{
    /// <summary>Sections that an owner elsewhere checks: the framework, and the messaging room.</summary>
    private static readonly string[] CheckedElsewhere = ["Logging", "AllowedHosts", "Schedules", "Events", "Messaging", Access.AccessOptions.Section];

    private static readonly Dictionary<string, Type> Sections = new(StringComparer.OrdinalIgnoreCase)
    {
        [ServerOptions.Section] = typeof(ServerOptions),
        [DatabaseOptions.Section] = typeof(DatabaseOptions),
        [FleetOptions.Section] = typeof(FleetOptions),
        [SimulationOptions.Section] = typeof(SimulationOptions),
        [PolicyOptions.Section] = typeof(PolicyOptions),
        [WorkflowsOptions.Section] = typeof(WorkflowsOptions),
        [Secrets.SecretsOptions.Section] = typeof(Secrets.SecretsOptions),
        [Settings.MigrationsSection] = typeof(TurnLimits),
        [RetentionOptions.Section] = typeof(RetentionOptions),
        [EngineSettingsCheck.Section] = typeof(Workflows.Execution.EngineOptions),
    };

    /// <summary>Names of all sections and single keys that appsettings.json may hold.</summary>
    public static IEnumerable<string> KnownSections => [.. Sections.Keys, .. CheckedElsewhere, "Data"];

    public static IEnumerable<string> In(IConfiguration configuration)
    {
        foreach (var (name, type) in Sections)
        {
            var known = type.GetProperties().Where(p => p.CanWrite).Select(p => p.Name).ToArray();
            foreach (var key in configuration.GetSection(name).GetChildren().Select(c => c.Key))
            {
                if (!known.Contains(key, StringComparer.OrdinalIgnoreCase))
                {
                    yield return $"{name}:{key} is not a setting. Known in this section: {string.Join(", ", known)}.";
                }
            }
        }
    }
}
