using System.Collections.Immutable;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// What the program of this worker can't run, and whether anybody else can. A definition is immutable and so is the program:
/// what could not be loaded once is not tried again, but left to workers of another version; and only when none was seen for
/// <see cref="EngineOptions.NobodyAbleFor"/> a person is asked.
/// </summary>
/// <param name="options">The worker's name, and how long others are waited for.</param>
/// <param name="product">The version of this program.</param>
/// <param name="directory">Where workers report themselves; null: there are no others.</param>
public sealed class Ability(EngineOptions options, ProductVersion product, IWorkerDirectory? directory = null)
{
    private ImmutableHashSet<DefinitionVersion> cannot = [];
    private bool reported;

    /// <summary>Not claimed by this worker, because another may be able to execute it.</summary>
    public IReadOnlyCollection<DefinitionVersion> LeftToOthers { get; private set; } = [];

    /// <summary>True when there is a directory to report to.</summary>
    public bool Reports => directory is not null;

    /// <summary>Notes that this worker can't run it. True when nobody can.</summary>
    public async Task<bool> NobodyCanAsync(DefinitionVersion definition, CancellationToken cancellationToken)
    {
        _ = ImmutableInterlocked.Update(ref cannot, static (known, found) => known.Add(found), definition);
        if (directory is null)
        {
            return true;
        }

        return (await SayAsync(directory, cancellationToken)).Contains(definition);
    }

    /// <summary>Says that this worker is there, and hears what nobody can run.</summary>
    public Task ReportAsync(CancellationToken cancellationToken) => directory is null ? Task.CompletedTask : SayAsync(directory, cancellationToken);

    /// <summary>What nobody can run this worker claims like anything else, to say so. Two reports at one time do no harm: the next one is right again.</summary>
    private async Task<IReadOnlyList<DefinitionVersion>> SayAsync(IWorkerDirectory others, CancellationToken cancellationToken)
    {
        var said = cannot;
        var hopeless = await others.ReportAsync(new WorkerReport(options.Worker, product, !reported, said), options.NobodyAbleFor, cancellationToken);
        reported = true;
        LeftToOthers = said.Except(hopeless);
        return hopeless;
    }
}
