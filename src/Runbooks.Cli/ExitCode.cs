namespace Runbooks.Cli;

/// <summary>What a script can rely on.</summary>
internal static class ExitCode
{
    /// <summary>Done; a run that was waited for has finished.</summary>
    public const int Done = 0;

    /// <summary>A run faulted, or the server could not be reached or failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line or an input is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The run was undone: compensated or cancelled.</summary>
    public const int Undone = 3;

    /// <summary>The run waits for a person.</summary>
    public const int NeedsAttention = 4;

    public static int OfStatus(string status) => status switch
    {
        "finished" => Done,
        "compensated" or "cancelled" => Undone,
        "needsAttention" => NeedsAttention,
        _ => Failed,
    };
}
