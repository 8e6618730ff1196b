using System.CommandLine;
using Runbooks.Cli.Output;

namespace Runbooks.Cli.Commands;

internal static class StatusCommand
{
    public static Command Create()
    {
        var command = new Command("status", "Shows the fleet: hosts, their load and their VMs.");
        command.Does(async (scope, cancellationToken) =>
        {
            var fleet = await scope.Api.GetAsync("api/fleet", cancellationToken);
            if (scope.Json)
            {
                Terminal.Json(fleet);
            }
            else
            {
                FleetTable.Write(fleet);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
