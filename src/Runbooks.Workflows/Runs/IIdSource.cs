namespace Runbooks.Workflows.Runs;

/// <summary>Where new ids come from; injected, so that a simulation with a seed repeats itself.</summary>
public interface IIdSource
{
    Guid Next();
}

/// <summary>Ids that sort by time of creation.</summary>
public sealed class TimeOrderedIds(TimeProvider clock) : IIdSource
{
    public Guid Next() => Guid.CreateVersion7(clock.GetUtcNow());
}
