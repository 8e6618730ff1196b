using Runbooks.Workflows.Secrets;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>Secrets in memory, and how often each was asked for.</summary>
public sealed class SecretsUnderTest : ISecretSource
{
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    public int Asked { get; private set; }

    public string this[string name]
    {
        set => values[name] = value;
    }

    public SecretAnswer Find(string name)
    {
        Asked++;
        return values.TryGetValue(name, out var value) ? new SecretAnswer.Found(value) : new SecretAnswer.Missing($"There is no secret '{name}' in the test.");
    }
}
