using Runbooks.Server.Configuration;
using Runbooks.Server.Secrets;
using Runbooks.Workflows.Secrets;

namespace Runbooks.Server.Access;

internal static class ServiceCollectionExtensions
{
    /// <summary>Who has which role, and where secrets are.</summary>
    public static IServiceCollection AddAccess(this IServiceCollection services, Settings settings) => services
        .AddSingleton(settings.Access)
        .AddSingleton<People>()
        .AddSingleton<ISecretSource>(new FolderSecrets(settings.Secrets));
}
