namespace Runbooks.Workflows.Runs;

/// <summary>Identifies a run (Elsa: workflow instance).</summary>
public readonly record struct RunId(Guid Value)
{
    public static bool TryParse(string? text, out RunId id)
    {
        var ok = Guid.TryParse(text, out var value);
        id = new RunId(value);
        return ok;
    }

    public override string ToString() => Value.ToString("n");
}
