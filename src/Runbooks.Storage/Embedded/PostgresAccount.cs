using System.Globalization;

namespace Runbooks.Storage.Embedded;

/// <summary>The account that the private cluster runs under. PostgreSQL refuses to run as root.</summary>
/// <param name="Name">Its name.</param>
/// <param name="UserId">Its user id.</param>
/// <param name="GroupId">Its main group.</param>
/// <param name="IsOurs">True when it is the account that this process runs under already.</param>
internal sealed record PostgresAccount(string Name, uint UserId, uint GroupId, bool IsOurs)
{
    /// <summary>The command, so that it runs under this account.</summary>
    public IReadOnlyList<string> Command(params IReadOnlyList<string> command) => IsOurs
        ? command
        : ["setpriv", $"--reuid={UserId}", $"--regid={GroupId}", "--clear-groups", "--inh-caps=-all", "--", .. command];

    /// <summary>
    /// Ours, unless we are root: then the one that owns the cluster already, else <c>postgres</c>, which every distribution's
    /// package creates.
    /// </summary>
    public static async Task<PostgresAccount> ChooseAsync(string clusterFolder, CancellationToken cancellationToken)
    {
        var exists = Directory.Exists(clusterFolder);
        if (!Native.IsRoot)
        {
            var owner = exists ? await Native.OwnerAsync(clusterFolder, cancellationToken) : Native.UserId;
            return owner == Native.UserId
                ? new PostgresAccount(Environment.UserName, owner, 0, IsOurs: true)
                : throw new StorageUnavailableException(
                    $"The database in {clusterFolder} belongs to user {owner}, and this process runs as user {Native.UserId}. Start the server as root or as that user, or choose another folder with --Data=<folder>.");
        }

        var ownerId = exists ? await Native.OwnerAsync(clusterFolder, cancellationToken) : 0;
        var wanted = ownerId == 0 ? "postgres" : ownerId.ToString(CultureInfo.InvariantCulture);
        var answer = await CommandLine.RunAsync(["getent", "passwd", wanted], "/", cancellationToken);
        var fields = answer.Output.Split(':');
        return answer.Ok && fields.Length > 3
            ? new PostgresAccount(
                fields[0],
                uint.Parse(fields[2], CultureInfo.InvariantCulture),
                uint.Parse(fields[3], CultureInfo.InvariantCulture),
                IsOurs: false)
            : throw new StorageUnavailableException(
                $"PostgreSQL does not run as root, and there is no account '{wanted}' to run it under. Create it with: useradd --system {wanted}, or start the server as an ordinary user.");
    }
}
