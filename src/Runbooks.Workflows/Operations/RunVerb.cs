namespace Runbooks.Workflows.Operations;

/// <summary>What a person may ask of a run.</summary>
public enum RunVerb
{
    /// <summary>Effects in flight end, no other starts; child runs too.</summary>
    Pause,

    /// <summary>Goes on after <see cref="Pause"/>.</summary>
    Resume,

    /// <summary>Ends the run and undoes what it did.</summary>
    Cancel,

    /// <summary>Looks again at a step that failed or can't be told, or at all of them, and goes on.</summary>
    Retry,

    /// <summary>Goes on behind a step that failed, as if it had been done.</summary>
    Skip,

    /// <summary>Says what a person found about a step whose outcome, or whose undo, is not known.</summary>
    Resolve,

    /// <summary>Undoes what followed a step and executes it again.</summary>
    RestartFrom,

    /// <summary>Undoes a run that has finished.</summary>
    Undo,

    /// <summary>Starts a new run from the start, with the same or edited inputs.</summary>
    Restart,
}

/// <summary>The words for verbs in API, command line and console.</summary>
public static class RunVerbs
{
    public static IReadOnlyList<RunVerb> All { get; } = Enum.GetValues<RunVerb>();

    public static string Word(this RunVerb verb) => verb switch
    {
        RunVerb.RestartFrom => "restart-from",
        _ => verb.ToString().ToLowerInvariant(),
    };

    public static RunVerb? Parse(string? word)
    {
        foreach (var verb in All)
        {
            if (string.Equals(verb.Word(), word, StringComparison.Ordinal))
            {
                return verb;
            }
        }

        return null;
    }
}
