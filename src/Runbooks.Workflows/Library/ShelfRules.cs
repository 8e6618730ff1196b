using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;

namespace Runbooks.Workflows.Library;

/// <summary>
/// What each verb of the library does to a runbook. Stores read a shelf, ask here, and write what comes out, in one
/// transaction: so that all stores decide the same. Null: there is nothing that the verb could be done to.
/// </summary>
public static class ShelfRules
{
    /// <summary>The draft is what was given, from now on.</summary>
    /// <exception cref="LostUpdateException">Somebody has saved since.</exception>
    public static ShelfChange Save(Shelf shelf, DraftToSave draft, Editor editor, string verb, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(shelf);
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(editor);
        if (draft.SeenRevision is { } seen && seen != shelf.Revision)
        {
            throw new LostUpdateException(shelf);
        }

        var revision = shelf.Revision + 1;
        var after = shelf with
        {
            Revision = revision,

            // What was deleted comes back as a draft only: nobody has said that its versions should run again.
            IsRetracted = shelf.IsRetracted || shelf.IsDeleted,
            IsDeleted = false,
            Draft = new ShelfDraft(draft.Json, revision, shelf.Draft?.CreatedAt ?? now, now, editor.Actor, editor.Reason),
        };
        return new ShelfChange(after, null, Entry(after, after.NextVersion, now, verb, editor, ContentHash.Of(draft.Json)));
    }

    /// <summary>The draft, with what publishing has settled in it, is a version, and that one is started.</summary>
    public static ShelfChange? PublishDraft(Shelf shelf, long revision, string contentHash, string json, Editor editor, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(shelf);
        ArgumentNullException.ThrowIfNull(editor);
        if (shelf.Draft?.Revision != revision || shelf.IsDeleted)
        {
            return null;
        }

        var added = new StoredDefinition(shelf.DefinitionId, shelf.NextVersion, contentHash, json, editor.Actor, now)
        {
            IsShipped = false,
            PublishedBy = editor.Actor,
            Reason = editor.Reason,
            Revision = shelf.Revision,
        };
        return Published(shelf with { Draft = null }, added, LibraryVerbs.Published, editor, now);
    }

    public static ShelfChange? PublishAgain(Shelf shelf, Editor editor, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(shelf);
        return shelf is { IsRetracted: true, IsDeleted: false, Newest: { } newest }
            ? new ShelfChange(shelf with { IsRetracted = false }, null, Entry(shelf, newest.Version, now, LibraryVerbs.Published, editor, newest.ContentHash))
            : null;
    }

    public static ShelfChange? Retract(Shelf shelf, Editor editor, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(shelf);
        return shelf.IsLive
            ? new ShelfChange(shelf with { IsRetracted = true }, null, Entry(shelf, shelf.Newest!.Version, now, LibraryVerbs.Retracted, editor, shelf.Newest.ContentHash))
            : null;
    }

    /// <summary>The counter goes on: whoever still has the draft before them does not bring it back unknowingly.</summary>
    public static ShelfChange? Discard(Shelf shelf, Editor editor, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(shelf);
        return shelf is { Draft: { } draft, IsDeleted: false }
            ? new ShelfChange(shelf with { Draft = null, Revision = shelf.Revision + 1 }, null, Entry(shelf, shelf.NextVersion, now, LibraryVerbs.Discarded, editor, ContentHash.Of(draft.Json)))
            : null;
    }

    public static ShelfChange? Delete(Shelf shelf, Editor editor, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(shelf);
        return shelf.IsDeleted || (shelf.Draft is null && shelf.Newest is null)
            ? null
            : new ShelfChange(
                shelf with { IsDeleted = true, Draft = null, Revision = shelf.Revision + 1 },
                null,
                Entry(shelf, shelf.Draft is null ? shelf.Newest!.Version : shelf.NextVersion, now, LibraryVerbs.Deleted, editor, null));
    }

    public static ShelfChange? Restore(Shelf shelf, Editor editor, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(shelf);
        ArgumentNullException.ThrowIfNull(editor);
        if (shelf.Shipped is not { } shipped || (shelf.IsLive && Same(shelf.Newest!.ContentHash, shipped.ContentHash)))
        {
            return null;
        }

        var added = new StoredDefinition(shelf.DefinitionId, shelf.NextVersion, shipped.ContentHash, shipped.Json, shipped.Source, now)
        {
            PublishedBy = editor.Actor,
            Reason = editor.Reason,
            Revision = shelf.Revision + 1,
        };
        return Published(shelf with { Revision = shelf.Revision + 1, IsDeleted = false }, added, LibraryVerbs.Restored, editor, now) with { Product = shipped.Product };
    }

    /// <summary>A server has found a definition in its folder, or publishes what somebody brought past the library (no product).</summary>
    public static ShelfChange? PublishFile(Shelf shelf, string contentHash, string json, string source, ProductVersion? product, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(shelf);
        var isOutdated = product is not null && shelf.NewestProduct is { } newest && newest.Value > product.Value;
        var shipped = product is not null && (shelf.Shipped is null || shelf.Shipped.Product.Value <= product.Value)
            ? new ShippedRunbook(shelf.DefinitionId, contentHash, json, source, product)
            : shelf.Shipped;
        var noted = shelf with { Shipped = shipped };
        if (shelf.Newest is { } there && Same(there.ContentHash, contentHash))
        {
            return new ShelfChange(product is null || isOutdated ? noted : noted with { NewestProduct = product }, null, null) { Product = product };
        }

        if (isOutdated || (product is not null && shelf.Newest is not null && !(shelf.Newest.IsShipped && shelf.IsLive)))
        {
            return noted == shelf ? null : new ShelfChange(noted, null, null);
        }

        var revision = shelf.Newest is null && shelf.Draft is null ? shelf.Revision : shelf.Revision + 1;
        var added = new StoredDefinition(shelf.DefinitionId, shelf.NextVersion, contentHash, json, source, now) { IsShipped = product is not null, Revision = revision };
        var after = noted with { Revision = revision, Newest = added, IsRetracted = false, NewestProduct = product ?? shelf.NewestProduct };
        return new ShelfChange(after, added, null) { Product = product };
    }

    private static ShelfChange Published(Shelf shelf, StoredDefinition added, string verb, Editor editor, DateTimeOffset now) =>
        new(shelf with { Newest = added, IsRetracted = false }, added, Entry(shelf, added.Version, now, verb, editor, added.ContentHash));

    private static LibraryEntry Entry(Shelf shelf, int version, DateTimeOffset now, string verb, Editor editor, string? hash) =>
        new(shelf.DefinitionId, version, now, verb, editor.Actor, editor.Reason, hash);

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.Ordinal);
}
