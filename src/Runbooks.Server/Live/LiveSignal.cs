namespace Runbooks.Server.Live;

/// <summary>What has changed since the last beat.</summary>
[Flags]
public enum Change
{
    None = 0,
    Fleet = 1,
    Runs = 2,
}

/// <summary>The beat that open pages of this server listen to.</summary>
public sealed class LiveSignal
{
    public event Action<Change>? Changed;

    internal void Raise(Change change) => Changed?.Invoke(change);
}
