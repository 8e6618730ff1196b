namespace Runbooks.Workflows.Library;

/// <summary>What became of a change that somebody wanted.</summary>
public abstract record EditAnswer
{
    private EditAnswer()
    {
    }

    /// <summary>It is done.</summary>
    /// <param name="Version">The version that it was done to.</param>
    /// <param name="Changed">False when it was so before.</param>
    public sealed record Done(RunbookVersion Version, bool Changed) : EditAnswer
    {
        /// <summary>What became of the runbooks that have this one built in, where publishing it was to update them.</summary>
        public ConsumersUpdate Consumers { get; init; } = ConsumersUpdate.None;
    }

    /// <summary>Nothing was changed.</summary>
    /// <param name="Messages">Why, and what to do.</param>
    public sealed record Refused(params IReadOnlyList<string> Messages) : EditAnswer;
}
