using Microsoft.Extensions.Logging;
using Runbooks.Workflows.Journal;

namespace Runbooks.Workflows.Execution;

/// <summary>
/// Rides out an outage of the store: a question is asked again until it is answered, with longer and longer pauses. An
/// outage is said once and its end once, however many runs wait in it.
/// </summary>
public sealed class StorePatience(IRunStore store, EngineOptions options, TimeProvider clock, ILogger logger)
{
    private int away;

    /// <summary>
    /// The answer, however long the store is away. Ends with the token, and with every exception that does not mean an
    /// outage. Only for what may be done twice: an answer that was lost is asked for again.
    /// </summary>
    public async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ask);
        for (var pause = options.FirstOutagePause; ; pause = pause * 2 < options.LongestOutagePause ? pause * 2 : options.LongestOutagePause)
        {
            try
            {
                var answer = await ask(cancellationToken);
                IsBack();
                return answer;
            }
            catch (Exception e) when (Notes(e) && !cancellationToken.IsCancellationRequested)
            {
                // Asked again after the pause.
            }

            await Task.Delay(pause, clock, cancellationToken);
        }
    }

    /// <summary>True when the exception means that the store is away; the first one of an outage is logged.</summary>
    public bool Notes(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (!store.IsAway(exception))
        {
            return false;
        }

        if (Interlocked.Exchange(ref away, 1) == 0)
        {
            logger.LogWarning("The database is away; runs wait where they are, and it is asked again at least every {Pause}: {Error}", options.LongestOutagePause, exception.GetBaseException().Message);
        }

        return true;
    }

    private void IsBack()
    {
        if (Volatile.Read(ref away) == 1 && Interlocked.Exchange(ref away, 0) == 1)
        {
            logger.LogInformation("The database is back; runs go on");
        }
    }
}
