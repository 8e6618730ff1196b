using Microsoft.Extensions.Logging;

namespace Runbooks.Storage.Embedded;

/// <summary>
/// Brings PostgreSQL's programs onto a Debian or Ubuntu machine when they are missing and we may; else names the command.
/// </summary>
internal sealed class PostgresInstaller(ILogger logger)
{
    /// <summary>Debian starts what it installs. This file forbids it while it is there; one that exists already is left alone.</summary>
    private const string StartPolicy = "/usr/sbin/policy-rc.d";

    /// <param name="major">The version that an existing cluster needs; null for the one of the distribution.</param>
    /// <param name="cancellationToken">Ends the installation.</param>
    /// <exception cref="StorageUnavailableException">They are missing and could not be installed.</exception>
    public async Task<PostgresBinaries> FindOrInstallAsync(int? major, CancellationToken cancellationToken)
    {
        if (await PostgresBinaries.FindAsync(major, cancellationToken) is { } found)
        {
            return found;
        }

        var package = major is null ? "postgresql" : $"postgresql-{major}";
        var what = major is null ? "PostgreSQL's server programs" : $"PostgreSQL {major}'s server programs, which the existing cluster needs,";
        var command = $"apt-get install --yes --no-install-recommends {package}";
        if (!File.Exists("/usr/bin/apt-get"))
        {
            throw new StorageUnavailableException(
                $"{what} are not on this machine (looked in /usr/lib/postgresql, PATH and pg_config). Install them with the system's package manager (Fedora: dnf install postgresql-server), or set Database:ConnectionString to a database server.");
        }

        if (!Native.IsRoot)
        {
            throw new StorageUnavailableException(
                $"{what} are not on this machine (looked in /usr/lib/postgresql, PATH and pg_config). Install them with: sudo {command}");
        }

        logger.LogInformation("{What} are not on this machine; installing them with: {Command}", what, command);
        var answer = await InstallAsync(command.Split(' '), cancellationToken);
        return await PostgresBinaries.FindAsync(major, cancellationToken)
            ?? throw new StorageUnavailableException(
                $"{what} are not on this machine, and '{command}' did not bring them (exit {answer.ExitCode}): {answer.Output}");
    }

    private static async Task<CommandResult> InstallAsync(string[] command, CancellationToken cancellationToken)
    {
        var forbidden = !File.Exists(StartPolicy);
        if (forbidden)
        {
            await File.WriteAllTextAsync(StartPolicy, "#!/bin/sh\nexit 101\n", cancellationToken);
            File.SetUnixFileMode(StartPolicy, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        try
        {
            var answer = await CommandLine.RunAsync(command, "/", cancellationToken);
            if (answer.Ok)
            {
                return answer;
            }

            // Package lists that are old or were never fetched are the usual reason.
            await CommandLine.RunAsync(["apt-get", "update"], "/", cancellationToken);
            return await CommandLine.RunAsync(command, "/", cancellationToken);
        }
        finally
        {
            if (forbidden)
            {
                File.Delete(StartPolicy);
            }
        }
    }
}
