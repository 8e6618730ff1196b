namespace Runbooks.Workflows.Definitions;

/// <summary>The version of the product that this process is. Servers of two versions work side by side during an upgrade.</summary>
/// <param name="Value">Compared number by number; only major, minor and build count.</param>
public sealed record ProductVersion(Version Value)
{
    /// <summary>The version of the program that runs.</summary>
    public static ProductVersion Current { get; } = new(typeof(ProductVersion).Assembly.GetName().Version!);

    public override string ToString() => Value.ToString(Math.Min(3, Value.Build < 0 ? 2 : 3));
}

/// <summary>One published version of a runbook.</summary>
public readonly record struct DefinitionVersion(string DefinitionId, int Version)
{
    public override string ToString() => $"{DefinitionId}@{Version}";
}
