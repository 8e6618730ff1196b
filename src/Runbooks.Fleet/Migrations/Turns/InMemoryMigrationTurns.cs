using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Migrations.Turns;

/// <summary>Turns in memory, for simulation and for tests.</summary>
public sealed class InMemoryMigrationTurns(TurnLimits limits, TimeProvider clock) : IMigrationTurns
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<VmName, Turn> turns = [];

    public Task<TurnAnswer> AskAsync(TurnWish wish, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wish);
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            var (answer, turn) = TurnRules.Ask(wish, turns.Values, limits, clock.GetUtcNow());
            turns[wish.Vm] = turn;
            return Task.FromResult(answer);
        }
    }

    public Task<IReadOnlyList<Turn>> ReleaseAsync(VmName vm, string holder, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(Held(vm, holder) is not null && turns.Remove(vm)
                ? TurnRules.Admit(turns.Values, limits, clock.GetUtcNow())
                : []);
        }
    }

    public Task<TurnShare?> ShareAsync(VmName vm, string holder, double? dirtyMiBs, bool isCopying, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            if (Held(vm, holder) is not { GrantedAt: not null } turn)
            {
                return Task.FromResult<TurnShare?>(null);
            }

            turns[vm] = turn with { Wish = turn.Wish with { DirtyMiBs = dirtyMiBs ?? turn.Wish.DirtyMiBs }, IsCopying = isCopying };
            var share = BandwidthShares.Of(turns.Values, limits)[vm];
            return Task.FromResult<TurnShare?>(isCopying && !turn.IsCopying ? share with { Next = TurnRules.Admit(turns.Values, limits, clock.GetUtcNow()) } : share);
        }
    }

    public Task<Turn?> FindAsync(VmName vm, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult(turns.GetValueOrDefault(vm));
        }
    }

    public Task<IReadOnlyList<Turn>> ListAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return Task.FromResult<IReadOnlyList<Turn>>([.. turns.Values]);
        }
    }

    private Turn? Held(VmName vm, string holder) =>
        turns.GetValueOrDefault(vm) is { } turn && string.Equals(turn.Wish.Holder, holder, StringComparison.Ordinal) ? turn : null;
}
