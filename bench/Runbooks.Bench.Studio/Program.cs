using Runbooks.Bench;
using Runbooks.Bench.Studio;

// What the designer costs: bytes on the wire, time at the server, requests of a page that stays open. With --pictures FOLDER
// it draws the shipped runbooks for their pages instead.
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
try
{
    await using var server = await StudioServer.StartAsync(stop.Token);
    if (args is ["--pictures", var folder])
    {
        await Pictures.TakeAsync(server, folder);
        return 0;
    }

    await WireCase.RunAsync(server);
    await ServerCase.RunAsync(server, stop.Token);
    await OpenPageCase.RunAsync(server, stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    await Console.Error.WriteLineAsync("Stopped; nothing is left running.");
    return 130;
}
