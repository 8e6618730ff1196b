using System.Globalization;
using System.Runtime.InteropServices;

namespace Runbooks.Storage.Embedded;

/// <summary>The two system calls on users and ownership that the base library does not have.</summary>
internal static class Native
{
    public static bool IsRoot => geteuid() == 0;

    public static uint UserId => geteuid();

    public static void Own(string path, PostgresAccount account)
    {
        if (chown(path, account.UserId, account.GroupId) != 0)
        {
            throw new StorageUnavailableException(
                $"{path} could not be given to the account {account.Name} (errno {Marshal.GetLastPInvokeError()}). Choose a data folder on a local file system with --Data=<folder>.");
        }
    }

    /// <summary>The user that owns a file or folder.</summary>
    public static async Task<uint> OwnerAsync(string path, CancellationToken cancellationToken)
    {
        var answer = await CommandLine.RunAsync(["stat", "--format=%u", "--", path], "/", cancellationToken);
        return uint.TryParse(answer.Output, CultureInfo.InvariantCulture, out var owner)
            ? owner
            : throw new StorageUnavailableException($"The owner of {path} could not be read: {answer.Output}");
    }

#pragma warning disable SYSLIB1054, CA2101 // Two calls of the C library do not pay for unsafe code in the whole project.
    [DllImport("libc", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint geteuid();

    [DllImport("libc", ExactSpelling = true, SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int chown(string path, uint owner, uint group);
#pragma warning restore SYSLIB1054, CA2101
}
