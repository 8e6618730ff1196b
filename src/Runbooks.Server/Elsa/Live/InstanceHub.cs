using Microsoft.AspNetCore.SignalR;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Elsa.Live;

/// <summary>
/// Where Studio's viewer listens for changes of an instance. A viewer opens several connections, and each names the
/// instance; what has changed is sent by <see cref="InstancePusher"/>.
/// </summary>
internal sealed class InstanceHub(InstanceAudience audience, IRunStore store) : Hub
{
    /// <summary>Badges, with their new values.</summary>
    public const string ActivitiesChanged = "ActivityExecutionLogUpdatedAsync";

    /// <summary>The journal; Studio reads it again.</summary>
    public const string JournalChanged = "WorkflowExecutionLogUpdatedAsync";

    /// <summary>State, variables, end; Studio reads the instance again.</summary>
    public const string InstanceChanged = "WorkflowInstanceUpdatedAsync";

    /// <summary>Called by Studio right after it has connected.</summary>
    /// <exception cref="HubException">There is no such instance.</exception>
    public async Task ObserveInstanceAsync(string instanceId)
    {
        if (!RunId.TryParse(instanceId, out var id) || await store.FindAsync(id, Context.ConnectionAborted) is not { } run)
        {
            throw new HubException($"There is no instance '{instanceId}'.");
        }

        await Groups.AddToGroupAsync(Context.ConnectionId, GroupOf(id), Context.ConnectionAborted);
        audience.Join(Context.ConnectionId, run);
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        audience.Leave(Context.ConnectionId);
        return base.OnDisconnectedAsync(exception);
    }

    public static string GroupOf(RunId id) => id.ToString();
}
