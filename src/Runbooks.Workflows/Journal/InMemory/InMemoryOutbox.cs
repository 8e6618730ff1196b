namespace Runbooks.Workflows.Journal.InMemory;

/// <summary>The outbox of <see cref="InMemoryRunStore"/>.</summary>
internal sealed class InMemoryOutbox : IOutbox
{
    private readonly Lock gate = new();
    private readonly LinkedList<OutgoingMessage> messages = new();
    private bool dispatching;

    public void Append(IEnumerable<OutgoingMessage> added)
    {
        lock (gate)
        {
            foreach (var message in added)
            {
                messages.AddLast(message.Copy());
            }
        }
    }

    public async Task<int> DispatchAsync(Func<OutgoingMessage, CancellationToken, Task> publish, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(publish);
        lock (gate)
        {
            if (dispatching)
            {
                return 0;
            }

            dispatching = true;
        }

        try
        {
            var published = 0;
            while (published < limit && First() is { } message)
            {
                await publish(message.Copy(), cancellationToken);
                Forget(message);
                published++;
            }

            return published;
        }
        finally
        {
            lock (gate)
            {
                dispatching = false;
            }
        }
    }

    private OutgoingMessage? First()
    {
        lock (gate)
        {
            return messages.First?.Value;
        }
    }

    private void Forget(OutgoingMessage message)
    {
        lock (gate)
        {
            messages.Remove(message);
        }
    }
}
