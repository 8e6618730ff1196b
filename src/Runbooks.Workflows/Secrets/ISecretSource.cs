namespace Runbooks.Workflows.Secrets;

/// <summary>
/// Where secrets are. A definition names a secret, the history keeps that name, and only the effect that uses it asks here,
/// right before it does.
/// </summary>
public interface ISecretSource
{
    /// <summary>The secret as it is now; asked again at each use, so that a changed one counts from then on.</summary>
    SecretAnswer Find(string name);
}

/// <summary>The answer to a question for a secret.</summary>
public abstract record SecretAnswer
{
    private SecretAnswer()
    {
    }

    /// <summary>It is there. Its text form does not hold the value, so that no log can show it by accident.</summary>
    public sealed record Found(string Value) : SecretAnswer
    {
        public override string ToString() => "a secret";
    }

    /// <summary>It can't be had.</summary>
    /// <param name="Why">Which one, where it was looked for, and what to do.</param>
    public sealed record Missing(string Why) : SecretAnswer;
}

/// <summary>A secret that an effect asked for can't be had.</summary>
public sealed class SecretMissingException(string message) : Exception(message);
