using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;

namespace Runbooks.Storage.Runs;

/// <summary>The JSON columns of a head or a step that may grow large and seldom change.</summary>
internal enum JsonColumn
{
    Output,
    Variables,
    Outputs,
    State,
}

/// <summary>
/// What one claim has read or written of large JSON, as hashes, so that the same text is not written again with each
/// commit. It counts as written only when the commit that brought it has been answered.
/// </summary>
internal sealed class WrittenTexts
{
    /// <summary>Stands for the head among the numbers of steps, which begin with 1.</summary>
    public const long Head = 0;

    /// <summary>Shorter texts are cheaper to write than to remember.</summary>
    public const int WorthRemembering = 1024;

    private static readonly ConditionalWeakTable<RunClaim, WrittenTexts> ByClaim = [];

    private readonly Dictionary<(long Number, JsonColumn Column), byte[]> written = [];
    private readonly Dictionary<(long Number, JsonColumn Column), byte[]> sent = [];

    private HeadFacts? head;
    private HeadFacts? sentHead;

    /// <summary>Of this claim object, and of no other that is equal to it: knowledge ends with the burst that has it.</summary>
    public static WrittenTexts? Of(RunClaim claim) => ByClaim.TryGetValue(claim, out var known) ? known : null;

    /// <param name="claim">The claim that has just loaded its run.</param>
    /// <param name="firstFreeNumber">The number that its next new step will have.</param>
    public static WrittenTexts Begin(RunClaim claim, long firstFreeNumber)
    {
        var known = new WrittenTexts { FirstFreeNumber = firstFreeNumber };
        ByClaim.AddOrUpdate(claim, known);
        return known;
    }

    /// <summary>No step has this number or a higher one: this claim alone makes steps. None is known after a lost answer.</summary>
    public long FirstFreeNumber { get; private set; }

    /// <summary>Whether the head holds exactly this since the last commit of this claim.</summary>
    public bool Holds(HeadFacts facts) => facts == head;

    /// <summary>What the commit that is sent now makes of the head.</summary>
    public void Sends(HeadFacts facts) => sentHead = facts;

    /// <summary>Null when exactly this text is there already.</summary>
    public string? Changed(long number, JsonColumn column, JsonObject json)
    {
        var text = json.ToJsonString();
        if (text.Length < WorthRemembering)
        {
            // What comes back later as a long text must not be taken for what was there before the short one.
            _ = written.Remove((number, column));
            return text;
        }

        var hash = Hash(text);
        if (written.TryGetValue((number, column), out var there) && there.AsSpan().SequenceEqual(hash))
        {
            return null;
        }

        _ = written.Remove((number, column));
        sent[(number, column)] = hash;
        return text;
    }

    /// <summary>What was sent has been committed.</summary>
    public void Committed(long firstFreeNumber)
    {
        FirstFreeNumber = firstFreeNumber;
        head = sentHead;
        foreach (var (key, hash) in sent)
        {
            written[key] = hash;
        }

        sent.Clear();
    }

    /// <summary>What was sent may or may not be there: from now on nothing is known.</summary>
    public void Forget()
    {
        FirstFreeNumber = long.MaxValue;
        (head, sentHead) = (null, null);
        sent.Clear();
        written.Clear();
    }

    public string Written(long number, JsonColumn column, JsonObject json)
    {
        var text = json.ToJsonString();
        _ = written.Remove((number, column));
        if (text.Length >= WorthRemembering)
        {
            sent[(number, column)] = Hash(text);
        }

        return text;
    }

    private static byte[] Hash(string text) => SHA256.HashData(MemoryMarshal.AsBytes(text.AsSpan()));
}

internal static class WrittenTextsWhereKnown
{
    public static string? Unless(this WrittenTexts? known, long number, JsonColumn column, JsonObject json) =>
        known is null ? json.ToJsonString() : known.Changed(number, column, json);

    public static string Note(this WrittenTexts? known, long number, JsonColumn column, JsonObject json) =>
        known is null ? json.ToJsonString() : known.Written(number, column, json);
}
