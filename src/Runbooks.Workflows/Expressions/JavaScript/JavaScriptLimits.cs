namespace Runbooks.Workflows.Expressions.JavaScript;

/// <summary>What one evaluation may use. Each is far beyond any honest expression.</summary>
internal static class JavaScriptLimits
{
    /// <summary>Computing time of the processor, not of the clock: a machine that sleeps or starves must not fail a script.</summary>
    public static readonly TimeSpan Time = TimeSpan.FromSeconds(2);

    /// <summary>Bytes of the interpreter's memory.</summary>
    public const int Memory = 64 * 1024 * 1024;

    /// <summary>Bytes of the interpreter's stack: some 1,500 calls in each other.</summary>
    public const int Stack = 256 * 1024;

    /// <summary>Characters of JSON of the result and the changed variables together.</summary>
    public const int Result = 4 * 1024 * 1024;

    /// <summary>Characters of a script.</summary>
    public const int Script = 64 * 1024;

    /// <summary>Characters of JSON that a script is given: the variables in scope and the inputs of the run.</summary>
    public const int Given = 16 * 1024 * 1024;

    /// <summary>A limit that was met, in words for the operator; null when <paramref name="kind"/> names none.</summary>
    public static string? Describe(string kind) => kind switch
    {
        "time" => $"it computes for more than {Time.TotalSeconds:0} s. Look for a loop that does not end",
        "memory" => $"it needs more than {Memory / 1024 / 1024} MB of memory, or makes a text or number that is too long",
        "recursion" => "its calls or its data are nested too deeply",
        "size" => $"what it gives back is more than {Result / 1024 / 1024} MB of JSON",
        _ => null,
    };
}
