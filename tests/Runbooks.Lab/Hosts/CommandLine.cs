namespace Runbooks.Lab.Hosts;

/// <summary>The words of a process of this machine.</summary>
internal static class CommandLine
{
    /// <summary>Empty when it has ended.</summary>
    public static string[] Of(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
