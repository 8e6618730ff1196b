using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Execution;

/// <summary>What the execution of every run of a worker shares.</summary>
/// <param name="Store">Where runs live.</param>
/// <param name="Runs">Makes child runs.</param>
/// <param name="Services">What effects ask for: drivers, ledgers.</param>
/// <param name="Options">How this worker executes.</param>
/// <param name="Clock">The worker's clock; virtual in tests.</param>
/// <param name="Probe">Sees journal points; <see cref="NoProbe"/> in production.</param>
/// <param name="Signal">Wakes the workers of this process.</param>
/// <param name="Logger">The engine's log.</param>
public sealed record EngineServices(
    IRunStore Store,
    RunFactory Runs,
    IServiceProvider Services,
    EngineOptions Options,
    TimeProvider Clock,
    IExecutionProbe Probe,
    IWorkSignal Signal,
    ILogger Logger)
{
    /// <summary>Stands between the engine and every effect; stands aside in production.</summary>
    public IEffectInterceptor Interceptor { get; init; } = NoInterceptor.Instance;

    /// <summary>One for all runs of this worker: an outage is theirs together.</summary>
    public StorePatience Patience { get; } = new(Store, Options, Clock, Logger);
}
