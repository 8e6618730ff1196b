using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Hypervisors.Contract;
using Runbooks.Workflows.Activities;

namespace Runbooks.Activities.Migration;

/// <summary>
/// Between reservation and pre-copy: waits, without a worker, until hosts, links and pool can take one more migration, and
/// holds a share of the bandwidth. It is given back when the guest has arrived, or by the undo.
/// </summary>
[Activity("Runbooks", "Runbooks: Migration", "Waits until hosts, links and pool can take one more migration, and holds a share of the bandwidth.", DisplayName = "Take turn")]
public sealed class TakeTurn : ChangeActivity
{
    /// <summary>Who waits is called when it may go; this is for a call that is lost, and for a run that died with its turn.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(15);

    [Input(Description = "The VM.", Required = true, DisplayName = "VM", UiHint = "dropdown", Choices = FleetChoices.Vms)]
    public Input<string> Vm { get; } = new();

    [Input(Description = "The host that it runs on.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Source { get; } = new();

    [Input(Description = "The host that it goes to.", Required = true, UiHint = "dropdown", Choices = FleetChoices.Hosts)]
    public Input<string> Destination { get; } = new();

    [Input(Description = "Most MiB per second that it may get; 0: its share, whatever that is.", DefaultValue = 0, DisplayName = "Bandwidth, MiB/s")]
    public Input<int> BandwidthMiBs { get; } = new();

    [Input(Description = "Memory that the guest writes, MiB per second; empty: not known. It gets more than that, or waits until there is.", DisplayName = "Dirty rate, MiB/s")]
    public Input<double?> DirtyMiBs { get; } = new();

    [Input(Description = "Who comes first among those that wait: the lower number, such as the wave of a plan.", DefaultValue = 0)]
    public Input<int> Order { get; } = new();

    [Input(Description = "How long to wait before the migration is given up.", DefaultValue = "1.00:00:00", DisplayName = "Longest wait")]
    public Input<TimeSpan> LongestWait { get; } = new();

    [Output(Description = "Bandwidth to start with, MiB per second; 0: no limit. It changes as others come and go.")]
    public Output<int> StartWithMiBs { get; } = new();

    [Output(Description = "How long it has waited, ms.")]
    public Output<long> WaitedMs { get; } = new();

    protected override async Task<EffectResult> PerformAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new EffectResult.Failed(problem!);
        }

        if (context.CancelRequested.IsCancellationRequested)
        {
            return new EffectResult.Failed($"Cancelled. {await MigrationTurn.ReleaseAsync(context, route.Vm)}");
        }

        var turns = context.GetRequiredService<IMigrationTurns>();
        var wish = WishOf(context, route);
        await context.EnsureOwnedAsync();
        var answer = await turns.AskAsync(wish, context.CancellationToken);
        if (answer is TurnAnswer.Waits { InTheWay: var others } && await MigrationTurn.TakeFromTheGoneAsync(context, others))
        {
            answer = await turns.AskAsync(wish, context.CancellationToken);
        }

        var waited = await turns.FindAsync(route.Vm, context.CancellationToken) is { } turn ? turn.SeenAt - turn.AskedAt : TimeSpan.Zero;
        switch (answer)
        {
            case TurnAnswer.Granted granted:
                return new EffectResult.Done(Figures(granted.MiBs, waited));
            case TurnAnswer.Waits waits when waited >= context.Get(LongestWait):
                _ = await MigrationTurn.ReleaseAsync(context, route.Vm);
                return new EffectResult.Failed($"{route.Vm} has waited {waited:c} for its turn, and {context.Get(LongestWait):c} is as long as it may. {waits.Reason} Look at those runs, move it later, or raise the limits in section Migrations of the settings.");
            case TurnAnswer.Waits waits:
                return new EffectResult.Postponed($"Waits for its turn: {waits.Reason}", AskAgain, MigrationTurn.Key(wish.Holder, wish.Vm));
            default:
                return new EffectResult.Unknown($"Unexpected answer {answer}.");
        }
    }

    protected override async Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var (route, problem) = MigrationRoute.Read(context, Vm, Source, Destination);
        if (route is null)
        {
            return new Reconciliation.NotDone(problem!);
        }

        // Asking again says the same to who holds a turn, and is how the bandwidth becomes known.
        return await context.GetRequiredService<IMigrationTurns>().FindAsync(route.Vm, context.CancellationToken) is { GrantedAt: not null } turn
            && string.Equals(turn.Wish.Holder, context.RunId.ToString(), StringComparison.Ordinal)
            ? new Reconciliation.InProgress("The run has its turn.")
            : new Reconciliation.NotDone("The run does not have its turn.");
    }

    protected override async Task<UndoResult> UndoAsync(EffectContext context)
    {
        var (route, _) = MigrationRoute.Read(context, Vm, Source, Destination);
        return new UndoResult.Undone(route is null ? "There was no turn." : await MigrationTurn.ReleaseAsync(context, route.Vm));
    }

    private TurnWish WishOf(EffectContext context, MigrationRoute route)
    {
        var hosts = context.GetRequiredService<IHypervisorDirectory>().Hosts;
        var (source, destination) = (hosts.First(h => h.Name == route.Source), hosts.First(h => h.Name == route.Destination));
        return new TurnWish(route.Vm, context.RunId.ToString(), route.Source, route.Destination, source.Pool, MigrationTurn.Path(source, destination))
        {
            DirtyMiBs = context.Get(DirtyMiBs),
            MostMiBs = context.Get(BandwidthMiBs) is var most and > 0 ? most : null,
            Order = context.Get(Order),
        };
    }

    private static JsonObject Figures(double? share, TimeSpan waited) => new()
    {
        [nameof(StartWithMiBs)] = share is { } mibs ? MigrationShare.Whole(mibs) : 0,
        [nameof(WaitedMs)] = (long)waited.TotalMilliseconds,
    };
}
