using Microsoft.AspNetCore.SignalR;

namespace Runbooks.Server.Live;

/// <summary>
/// Tells that something has changed. The server sends <c>FleetChanged</c> and <c>RunChanged</c>, at most twice a second;
/// what it is now is read from the API.
/// </summary>
public sealed class FleetHub : Hub;
