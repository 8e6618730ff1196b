using Npgsql;
using Runbooks.Workflows.Journal;

namespace Runbooks.Storage.Runs;

/// <summary>What a commit does with events, by the functions of the schema; nothing for a commit that has nothing to do with them.</summary>
internal static class EventStatements
{
    /// <summary>New bookmarks take kept events, and what the run did not use is given back. Comes after its bookmarks are written.</summary>
    public static void AddEvents(this NpgsqlBatch batch, RunCommit commit)
    {
        var keyed = commit.AddedBookmarks.Where(b => b.Key is not null).Select(b => b.Id).ToArray();
        if (keyed.Length > 0 || commit.ReturnedEventIds.Count > 0)
        {
            batch.Add("SELECT runbooks.settle_events($1, $2, $3)").With(commit.Run.Id.Value).WithTexts(keyed).WithTexts(commit.ReturnedEventIds);
        }
    }

    /// <summary>A run that ends gives back the events that it was given and has not applied. Comes before its bookmarks and inbox are cleared.</summary>
    public static void AddReleaseOfEvents(this NpgsqlBatch batch, RunCommit commit) =>
        batch.Add("SELECT runbooks.release_events($1, $2, $3)")
            .With(commit.Run.Id.Value).WithTexts(commit.AppliedStimulusIds).WithTexts(commit.ReturnedEventIds);
}
