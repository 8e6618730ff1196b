using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;

namespace Runbooks.Workflows.Tests.Engine;

/// <summary>A world that test activities change: a set of marks, and the history of what was done to it.</summary>
public sealed class World
{
    private readonly Lock gate = new();
    private readonly List<string> history = [];
    private readonly HashSet<string> marks = new(StringComparer.Ordinal);

    public IReadOnlyList<string> History
    {
        get
        {
            lock (gate)
            {
                return [.. history];
            }
        }
    }

    public IReadOnlyCollection<string> Marks
    {
        get
        {
            lock (gate)
            {
                return [.. marks.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Called before a change with its name; may throw, or return a result instead of the change.</summary>
    public Func<string, EffectContext, EffectResult?> OnDo { get; set; } = static (_, _) => null;

    /// <summary>Called before an undo with its name.</summary>
    public Action<string> OnUndo { get; set; } = static _ => { };

    /// <summary>Whether looking for the outcome of a change works at the moment.</summary>
    public bool Blind { get; set; }

    /// <summary>Names whose undo fails.</summary>
    public HashSet<string> Stuck { get; } = new(StringComparer.Ordinal);

    public void Reset()
    {
        lock (gate)
        {
            history.Clear();
            marks.Clear();
        }
    }

    public void Do(string name)
    {
        lock (gate)
        {
            history.Add($"do {name}");
            if (!marks.Add(name))
            {
                throw new InvalidOperationException($"'{name}' was done twice.");
            }
        }
    }

    public bool Has(string name)
    {
        lock (gate)
        {
            return marks.Contains(name);
        }
    }

    public void Undo(string name)
    {
        OnUndo(name);
        lock (gate)
        {
            history.Add($"undo {name}");
            _ = marks.Remove(name);
        }
    }

    public static ActivityRegistry Registry() => ActivityRegistry.WithElsaActivities().Add<Mark>().Add<Seal>().Add<Look>();
}

/// <summary>Sets a mark in the world; undone by removing it.</summary>
[Activity("Test", "Test", "Sets a mark.")]
[FlowNode("Done", "Other")]
public sealed class Mark : ChangeActivity
{
    [Input(Required = true)]
    public Input<string> MarkName { get; } = new();

    [Output]
    public Output<string> Result { get; } = new();

    protected override Task<EffectResult> PerformAsync(EffectContext context)
    {
        var world = context.GetRequiredService<World>();
        var name = context.Get(MarkName)!;
        if (world.OnDo(name, context) is { } instead)
        {
            return Task.FromResult(instead);
        }

        world.Do(name);
        return Task.FromResult<EffectResult>(new EffectResult.Done(new JsonObject { [nameof(Result)] = name }));
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context)
    {
        var world = context.GetRequiredService<World>();
        var name = context.Get(MarkName)!;
        return Task.FromResult<Reconciliation>(world.Blind ? new Reconciliation.Unknown("It is dark.")
            : world.Has(name) ? new Reconciliation.Done(new JsonObject { [nameof(Result)] = name })
            : new Reconciliation.NotDone("There is no such mark."));
    }

    protected override Task<UndoResult> UndoAsync(EffectContext context)
    {
        var world = context.GetRequiredService<World>();
        var name = context.Get(MarkName)!;
        if (world.Stuck.Contains(name))
        {
            return Task.FromResult<UndoResult>(new UndoResult.Failed($"'{name}' is stuck."));
        }

        if (!world.Has(name))
        {
            return Task.FromResult<UndoResult>(new UndoResult.Undone("It was gone already."));
        }

        world.Undo(name);
        return Task.FromResult<UndoResult>(new UndoResult.Undone("Removed."));
    }
}

/// <summary>Sets a mark for good.</summary>
[Activity("Test", "Test", "Sets a mark for good.")]
public sealed class Seal : IrreversibleActivity
{
    public override string NoUndoReason => "A seal can't be unbroken.";

    [Input(Required = true)]
    public Input<string> MarkName { get; } = new();

    protected override Task<EffectResult> PerformAsync(EffectContext context)
    {
        context.GetRequiredService<World>().Do(context.Get(MarkName)!);
        return Task.FromResult<EffectResult>(new EffectResult.Done());
    }

    protected override Task<Reconciliation> ReconcileAsync(EffectContext context) => Task.FromResult<Reconciliation>(
        context.GetRequiredService<World>().Has(context.Get(MarkName)!) ? new Reconciliation.Done() : new Reconciliation.NotDone("No such mark."));
}

/// <summary>Looks whether a mark is set.</summary>
[Activity("Test", "Test", "Looks for a mark.")]
public sealed class Look : ReadActivity
{
    [Input(Required = true)]
    public Input<string> MarkName { get; } = new();

    [Output]
    public Output<bool> Result { get; } = new();

    protected override Task<EffectResult> PerformAsync(EffectContext context) => Task.FromResult<EffectResult>(
        new EffectResult.Done(new JsonObject { [nameof(Result)] = context.GetRequiredService<World>().Has(context.Get(MarkName)!) }));
}
