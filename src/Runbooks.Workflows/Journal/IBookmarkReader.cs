using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Journal;

/// <summary>A bookmark, and the run that waits at it.</summary>
public sealed record WaitingBookmark(RunId RunId, Bookmark Bookmark);

/// <summary>Finds the places at which runs wait, by what they wait for.</summary>
public interface IBookmarkReader
{
    /// <summary>Bookmarks whose key begins with <paramref name="keyPrefix"/>, in the order of their ids, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<WaitingBookmark>> WaitingAsync(string keyPrefix, int limit, CancellationToken cancellationToken);
}
