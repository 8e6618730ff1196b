namespace Runbooks.Workflows.Runs;

/// <summary>What a pass does with the completed steps in its scope.</summary>
public enum PassMode
{
    /// <summary>Undoes them, last completed first.</summary>
    Undo,

    /// <summary>Makes them final, last completed first.</summary>
    Confirm,
}

/// <summary>
/// One walk back over completed steps. It is part of the run's head, so that whoever takes the run over goes on with it.
/// </summary>
/// <param name="Scope">The step whose descendants it covers; null: the whole run.</param>
/// <param name="IncludesScope">Whether the step itself is covered as well.</param>
/// <param name="Mode">What is done.</param>
/// <param name="Owner">The step that is told when nothing is left to do; null: nobody waits for it.</param>
public sealed record UndoPass(long? Scope, bool IncludesScope, PassMode Mode, long? Owner)
{
    /// <summary>Only this step and what followed it; <see cref="Owner"/> then executes it again. Null: everything in the scope.</summary>
    public long? After { get; init; }
}
