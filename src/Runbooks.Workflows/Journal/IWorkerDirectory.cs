using Runbooks.Workflows.Definitions;

namespace Runbooks.Workflows.Journal;

/// <summary>What a worker says of itself, again and again while it works.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Product">The version of its program.</param>
/// <param name="IsFirst">True for the first report of a process: what an earlier process of this name had said is void.</param>
/// <param name="CannotRun">Versions of runbooks that its program can't load, because it does not know something in them.</param>
public sealed record WorkerReport(string Worker, ProductVersion Product, bool IsFirst, IReadOnlyCollection<DefinitionVersion> CannotRun);

/// <summary>The workers of one store, as they report themselves. By it a worker knows whether a run that it can't execute may be left to another.</summary>
public interface IWorkerDirectory
{
    /// <summary>
    /// Says that the worker is there. Returns those of <see cref="WorkerReport.CannotRun"/> that nobody can run: for
    /// <paramref name="nobodyFor"/> no worker was seen that had not said the same of itself, and this worker was there all
    /// that time. By the store's clock.
    /// </summary>
    Task<IReadOnlyList<DefinitionVersion>> ReportAsync(WorkerReport report, TimeSpan nobodyFor, CancellationToken cancellationToken);
}
