using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Orders;

/// <summary>What became of an order.</summary>
public abstract record OrderAnswer
{
    private OrderAnswer()
    {
    }

    /// <summary>The run has been told, or had been told already.</summary>
    /// <param name="Run">The run after it; for a restart the new run.</param>
    /// <param name="Applied">True when the run's history shows that it was carried out; false when no worker has come to it yet.</param>
    /// <param name="Allowed">What may be asked now.</param>
    public sealed record Accepted(Run Run, bool Applied, IReadOnlyList<RunVerb> Allowed) : OrderAnswer;

    public sealed record UnknownRun : OrderAnswer;

    /// <summary>The state of the run does not allow it.</summary>
    public sealed record NotNow(Run Run, string Why, IReadOnlyList<RunVerb> Allowed) : OrderAnswer;

    /// <summary>The order itself is wrong.</summary>
    public sealed record Invalid(IReadOnlyList<(string Field, string Message)> Errors) : OrderAnswer;

    /// <summary>The idempotency key belongs to another order.</summary>
    public sealed record KeyReused(Run Run) : OrderAnswer;
}
