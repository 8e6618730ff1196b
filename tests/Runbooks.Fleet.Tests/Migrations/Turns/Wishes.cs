using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Tests.Migrations.Turns;

/// <summary>Wishes and turns for tests.</summary>
internal static class Wishes
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly TurnLimits Limits = new() { PerHostOut = 2, PerHostIn = 2, PerLink = 4, PerPool = 5, LeastMiBs = 8, Margin = 1.25 };

    /// <summary>Copies may begin at the same time.</summary>
    public static readonly TurnLimits AtOnce = Limits with { StartsWithin = TimeSpan.Zero };

    public static TurnWish Wish(string vm, string from = "h1", string to = "h2", double? dirty = null, double? most = null, int order = 0, string pool = "p", params PathLink[] path) =>
        new(new VmName(vm), $"run-{vm}", new HostName(from), new HostName(to), pool, path) { DirtyMiBs = dirty, MostMiBs = most, Order = order };

    public static Turn Waiting(this TurnWish wish, TimeSpan since = default, TimeSpan silentFor = default) => new(wish, Noon - since, Noon - silentFor, null, false);

    public static Turn Going(this TurnWish wish, TimeSpan since = default, bool isCopying = true) => new(wish, Noon - since, Noon - since, Noon - since, isCopying);

    public static string[] Admitted(TurnLimits limits, params Turn[] turns) => [.. TurnRules.Admit(turns, limits, Noon).Select(t => t.Wish.Vm.Value)];

    public static PathLink Link(string name, double mibs) => new(name, mibs);
}
