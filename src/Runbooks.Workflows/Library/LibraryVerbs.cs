namespace Runbooks.Workflows.Library;

/// <summary>What the history calls what was done.</summary>
public static class LibraryVerbs
{
    public const string Saved = nameof(Saved);
    public const string Published = nameof(Published);
    public const string Retracted = nameof(Retracted);
    public const string Reverted = nameof(Reverted);
    public const string Discarded = nameof(Discarded);
    public const string Deleted = nameof(Deleted);
    public const string Imported = nameof(Imported);
    public const string Restored = nameof(Restored);
}
