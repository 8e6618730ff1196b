using System.Text.Json.Nodes;

namespace Runbooks.Lab.FailureTable;

/// <summary>How a run comes to rest.</summary>
public enum RowEnd
{
    /// <summary>The VM runs at the destination.</summary>
    Moved,

    /// <summary>The VM goes on at the source, and nothing is left over.</summary>
    NotMoved,

    /// <summary>A person was asked.</summary>
    NeedsAttention,
}

/// <summary>One row of the failure table: what happens when, and how it must end.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Happens">What happens to the run, in its order; begins when the run has been started.</param>
/// <param name="Ends">How the run comes to rest.</param>
public sealed record FailureRow(string Id, Act[] Happens, RowEnd Ends)
{
    /// <summary>Another end that is as right: which of the two it is, a race between the hosts decides that nobody can hold from outside.</summary>
    public RowEnd? OrEnds { get; init; }

    /// <summary>What has happened before the run is started.</summary>
    public Act[] Before { get; init; } = [];

    /// <summary>Texts that the run's reason must have.</summary>
    public string[] Says { get; init; } = [];

    /// <summary>What the operator does who was asked.</summary>
    public Act[] Then { get; init; } = [];

    /// <summary>How the run ends after that; null when nobody was asked.</summary>
    public RowEnd? AtLast { get; init; }

    /// <summary>The guest's memory was lost, as the table says: its heartbeat begins anew, once.</summary>
    public bool ColdStart { get; init; }

    /// <summary>The network carries so little that the last pages take seconds, and the moments between can be hit.</summary>
    public bool SlowNetwork { get; init; }

    /// <summary>Inputs of the run beside the VM, the hosts and the limits of the copy.</summary>
    public JsonObject Inputs { get; init; } = [];

    /// <summary>Where the VM must run at last; null: at the destination when it was moved, else at the source.</summary>
    public Side? Home { get; init; }

    public RowEnd Last => AtLast ?? Ends;

    public override string ToString() => Id;
}

/// <summary>How a row has ended.</summary>
/// <param name="Row">The row.</param>
/// <param name="Ends">Each time that the run came to rest.</param>
/// <param name="Wrong">What was not as it must be; empty when all was right.</param>
/// <param name="Seconds">From the start of the run to its last end.</param>
public sealed record RowResult(FailureRow Row, IReadOnlyList<RowEnd> Ends, IReadOnlyList<string> Wrong, double Seconds)
{
    /// <summary>How often the hosts were through the moment before it could be struck, so that the row was played again.</summary>
    public int Missed { get; init; }

    public string Line => $"{Row.Id,-48} {string.Join(", then ", Ends),-32} {Seconds,6:0.0} s{(Missed == 0 ? "" : $", missed its moment {Missed} times before")}{(Wrong.Count == 0 ? "" : $"  WRONG: {string.Join(" ", Wrong)}")}";

    /// <summary>As a line of a benchmark.</summary>
    public JsonObject Json => new()
    {
        ["case"] = "failure",
        ["row"] = Row.Id,
        ["end"] = Ends.Count == 0 ? null : Word(Ends[^1]),
        ["asked"] = Ends.Contains(RowEnd.NeedsAttention),
        ["seconds"] = Math.Round(Seconds, 1),
        ["missed"] = Missed,
        ["wrong"] = Wrong.Count == 0 ? null : string.Join(" ", Wrong),
    };

    private static string Word(RowEnd end) => end switch
    {
        RowEnd.Moved => "moved",
        RowEnd.NotMoved => "notMoved",
        _ => "needsAttention",
    };
}
