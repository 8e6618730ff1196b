using Runbooks.Server.Runs;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Orders;

/// <summary>
/// Takes people's orders to runs: judges them by what the run is now, passes them on, and tells what became of them. The
/// worker that executes the run judges again; when the run has moved on in between, its refusal is the answer.
/// </summary>
public sealed class OrderDesk(IRunStore store, DefinitionCatalog catalog, RunRequests requests, IWorkSignal signal, TimeProvider clock)
{
    private const int JournalPage = 1000;

    /// <summary>How long an answer may wait for a worker to come to the order. A worker that is busy looks once a second.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(40);

    /// <summary>Gives an order; repeating it is giving it once.</summary>
    /// <param name="id">The run.</param>
    /// <param name="order">The order.</param>
    /// <param name="wait">Whether to wait a moment until a worker has come to it, so that the answer shows the new state.</param>
    /// <param name="cancellationToken">The caller has gone; the order may have been given.</param>
    public async Task<OrderAnswer> GiveAsync(RunId id, RunOrder order, bool wait, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (await FactsAsync(id, cancellationToken) is not { } facts)
        {
            return new OrderAnswer.UnknownRun();
        }

        if (order.Verb == RunVerb.Restart)
        {
            return await RestartAsync(facts, order, cancellationToken);
        }

        if (order.Key is not null && await EntryAsync(id, order.StimulusId(facts.Run), 0, cancellationToken) is { } earlier)
        {
            return !order.AsksFor(earlier) ? new OrderAnswer.KeyReused(facts.Run)
                : earlier.Refused is { } refused ? new OrderAnswer.NotNow(facts.Run, refused, OrderRules.Allowed(facts))
                : Accept(facts, applied: true);
        }

        switch (OrderRules.Check(order, facts))
        {
            case OrderRefusal.Invalid invalid:
                return new OrderAnswer.Invalid([(invalid.Field, invalid.Message)]);
            case OrderRefusal.NotNow notNow when !IsSoAlready(order.Verb, facts):
                return await WasGivenAsync(facts, order, cancellationToken) ? Accept(facts, applied: true) : new OrderAnswer.NotNow(facts.Run, notNow.Why, OrderRules.Allowed(facts));
            case OrderRefusal.NotNow when facts.Run.Status.IsEnd() || order.Verb == RunVerb.Cancel:
                return Accept(facts, applied: true);
        }

        return await SendAsync(facts, order, wait, cancellationToken);
    }

    public async Task<RunFacts?> FactsAsync(RunId id, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } run
            ? new RunFacts(run, await store.ExecutionsAsync(id, cancellationToken), await catalog.FindAsync(run.DefinitionId, run.DefinitionVersion, cancellationToken))
            : null;

    private async Task<OrderAnswer> SendAsync(RunFacts facts, RunOrder order, bool wait, CancellationToken cancellationToken)
    {
        var stimulus = order.ToStimulus(facts.Run);
        if (!await store.SendAsync(stimulus, cancellationToken))
        {
            return NowNot(await FactsAsync(facts.Run.Id, cancellationToken) ?? facts, "It ended at this moment.");
        }

        signal.Raise();
        var entry = wait ? await AwaitEntryAsync(facts.Run, stimulus.Id, cancellationToken) : null;
        var now = await FactsAsync(facts.Run.Id, cancellationToken) ?? facts;
        return entry?.Refused is { } refused ? NowNot(now, refused) : Accept(now, entry is not null);
    }

    /// <summary>
    /// The state is what is asked for. Pause and resume are passed on all the same: an opposite order may be under way, and
    /// the last one counts.
    /// </summary>
    private static bool IsSoAlready(RunVerb verb, RunFacts facts) => verb switch
    {
        RunVerb.Pause => facts.IsOpen && facts.Run.PausedBy is not null,
        RunVerb.Resume => facts.IsOpen && facts.Run.PausedBy is null,
        RunVerb.Cancel => facts.Run.Status == RunStatus.Cancelled || facts.Run.CompensatesTo == RunStatus.Cancelled,
        _ => false,
    };

    /// <summary>True when this very order was carried out earlier, and the run has come further since.</summary>
    private async Task<bool> WasGivenAsync(RunFacts facts, RunOrder order, CancellationToken cancellationToken) =>
        order.Verb is RunVerb.Cancel or RunVerb.Undo
        && await EntryAsync(facts.Run.Id, order.StimulusId(facts.Run), 0, cancellationToken) is { Refused: null };

    private async Task<OrderAnswer> RestartAsync(RunFacts facts, RunOrder order, CancellationToken cancellationToken)
    {
        switch (OrderRules.Check(order, facts))
        {
            case OrderRefusal.Invalid invalid:
                return new OrderAnswer.Invalid([(invalid.Field, invalid.Message)]);
            case OrderRefusal.NotNow notNow:
                return new OrderAnswer.NotNow(facts.Run, notNow.Why, OrderRules.Allowed(facts));
        }

        var wish = Restarts.Of(facts.Run, order);
        switch (await requests.StartAsync(wish, cancellationToken))
        {
            case StartAnswer.UnknownRunbook unknown:
                return new OrderAnswer.NotNow(facts.Run, $"Its runbook '{unknown.DefinitionId}' is not there any more.", OrderRules.Allowed(facts));
            case StartAnswer.Refused refused:
                return new OrderAnswer.NotNow(facts.Run, $"{refused.Reason} Wait for its end, or cancel it.", OrderRules.Allowed(facts));
            case StartAnswer.Invalid invalid:
                return new OrderAnswer.Invalid([.. invalid.Problems.Select(p => ($"inputs.{p.Field}", p.Message))]);
            case StartAnswer.Accepted accepted:
                var started = await FactsAsync(accepted.RunId, cancellationToken) ?? throw new InvalidOperationException($"Run {accepted.RunId} was accepted and can't be found.");
                return accepted.AlreadyThere && !await requests.AsksForAsync(started.Run, wish, cancellationToken)
                    ? new OrderAnswer.KeyReused(started.Run)
                    : Accept(started, applied: true);
            default:
                throw new InvalidOperationException("An answer to a start request has no translation.");
        }
    }

    private async Task<OrderEntry?> AwaitEntryAsync(Run run, string stimulusId, CancellationToken cancellationToken)
    {
        for (var until = clock.GetUtcNow() + Patience; clock.GetUtcNow() < until; await Task.Delay(Look, clock, cancellationToken))
        {
            if (await EntryAsync(run.Id, stimulusId, run.NextJournalSequence - 1, cancellationToken) is { } entry)
            {
                return entry;
            }
        }

        return null;
    }

    private async Task<OrderEntry?> EntryAsync(RunId id, string stimulusId, long after, CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await store.JournalAsync(id, after, JournalPage, cancellationToken);
            if (page.Select(OrderEntry.Of).FirstOrDefault(e => string.Equals(e?.Id, stimulusId, StringComparison.Ordinal)) is { } found)
            {
                return found;
            }

            if (page.Count < JournalPage)
            {
                return null;
            }

            after = page[^1].Sequence;
        }
    }

    private static OrderAnswer.Accepted Accept(RunFacts facts, bool applied) => new(facts.Run, applied, OrderRules.Allowed(facts));

    private static OrderAnswer.NotNow NowNot(RunFacts facts, string why) => new(facts.Run, why, OrderRules.Allowed(facts));
}
