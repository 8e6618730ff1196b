namespace Runbooks.Workflows.Operations;

/// <summary>Why an order is not passed on.</summary>
public abstract record OrderRefusal
{
    private OrderRefusal()
    {
    }

    /// <summary>The order could be right at another time.</summary>
    public sealed record NotNow(string Why) : OrderRefusal;

    /// <summary>The order itself is wrong.</summary>
    /// <param name="Field">What of it.</param>
    /// <param name="Message">What was found, and what is expected.</param>
    public sealed record Invalid(string Field, string Message) : OrderRefusal;
}
