using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Migrations.Turns;

/// <summary>A link that a migration goes over.</summary>
/// <param name="Name">Its name; migrations that name the same link share it.</param>
/// <param name="MiBs">What it carries, MiB/s, more than 0.</param>
public sealed record PathLink(string Name, double MiBs);

/// <summary>A VM that is to be moved now.</summary>
/// <param name="Vm">The VM; it has one turn at most.</param>
/// <param name="Holder">The id of the run that moves it. It holds the VM's reservation, so a turn of another run is a left-over.</param>
/// <param name="Source">The host that it leaves.</param>
/// <param name="Destination">The host that it goes to.</param>
/// <param name="Pool">Their pool.</param>
/// <param name="Path">The links on its way of which the capacity is known; without any, bandwidth is not shared out.</param>
public sealed record TurnWish(VmName Vm, string Holder, HostName Source, HostName Destination, string Pool, IReadOnlyList<PathLink> Path)
{
    /// <summary>How fast its guest writes, MiB/s; null when not known.</summary>
    public double? DirtyMiBs { get; init; }

    /// <summary>More than this it must not get, MiB/s; null for no such limit.</summary>
    public double? MostMiBs { get; init; }

    /// <summary>Who comes first among those that wait: lower numbers, such as the wave in a plan.</summary>
    public int Order { get; init; }
}

/// <summary>A wish, and how far it is.</summary>
/// <param name="Wish">What is wanted.</param>
/// <param name="AskedAt">When it was asked for first.</param>
/// <param name="SeenAt">When its run asked last.</param>
/// <param name="GrantedAt">Since when it holds its turn; null: it waits.</param>
/// <param name="IsCopying">Its memory is on the wire now; before, its share of the links is left to the others.</param>
public sealed record Turn(TurnWish Wish, DateTimeOffset AskedAt, DateTimeOffset SeenAt, DateTimeOffset? GrantedAt, bool IsCopying);

/// <summary>The answer to a wish.</summary>
public abstract record TurnAnswer
{
    private TurnAnswer()
    {
    }

    /// <summary>The VM may be moved now.</summary>
    /// <param name="MiBs">The bandwidth to start with, MiB/s; null for no limit.</param>
    public sealed record Granted(double? MiBs) : TurnAnswer;

    /// <summary>Not yet; to be asked again.</summary>
    /// <param name="Reason">What it waits for, for people.</param>
    /// <param name="InTheWay">The turns that it waits for.</param>
    public sealed record Waits(string Reason, IReadOnlyList<Turn> InTheWay) : TurnAnswer;
}

/// <summary>The bandwidth that a turn has at the moment.</summary>
/// <param name="MiBs">MiB/s; null for no limit.</param>
public sealed record TurnShare(double? MiBs)
{
    /// <summary>The turns that wait and may be had now, because this migration has begun to copy: their runs can be told.</summary>
    public IReadOnlyList<Turn> Next { get; init; } = [];
}
