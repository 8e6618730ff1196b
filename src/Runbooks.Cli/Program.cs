using System.CommandLine;
using Runbooks.Cli;
using Runbooks.Cli.Commands;
using Runbooks.Cli.Planning;

var root = new RootCommand("Runbooks: keeps a fleet of VM hosts in good order.")
{
    CommonOptions.Server,
    CommonOptions.Json,
    StatusCommand.Create(),
    RunCommands.Run(),
    RunCommands.List(),
    RunCommands.Watch(),
    RunCommands.Cancel(),
    RunCommands.Retry(),
    EventCommands.Events(),
    DefinitionCommands.Definitions(),
    PlanCommand.Create(),
    SimulateCommand.Create(),
    ShadowCommand.Create(),
    MigrationCommands.List(),
    MigrationCommands.Forecast(),
};

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
    {
        Console.Error.WriteLine(error.Message);
    }

    Console.Error.WriteLine("'runbooks --help' shows the commands.");
    return ExitCode.Usage;
}

return await parsed.InvokeAsync();
