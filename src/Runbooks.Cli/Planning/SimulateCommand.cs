using System.CommandLine;
using System.IO.Compression;
using Runbooks.Cli.Commands;
using Runbooks.Cli.Output;
using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Cli.Planning;

/// <summary>Replays a trace of loads on simulated hosts under a policy, without a server.</summary>
internal static class SimulateCommand
{
    private static readonly Option<FileInfo> Trace = new("--trace") { Description = "Loads of VMs: CSV 'vm,t0,t1,…' in per cent, compressed with gzip or not.", Required = true };
    private static readonly Option<FileInfo> Setup = new("--setup") { Description = "Hosts, VM sizes and the physics of migration: JSON.", Required = true };
    private static readonly Option<string> Policy = new("--policy") { Description = $"{PolicyName.Known}.", Required = true };

    private static readonly Option<string> Ram = new("--ram")
    {
        Description = "Memory of each host in MB that is never exceeded, or none: then memory is a limit for the first placement alone.",
        DefaultValueFactory = _ => "none",
    };

    private static readonly Option<double> SwitchOnSeconds = new("--switch-on-seconds") { Description = "Time until a host that is switched on takes VMs. It draws idle power meanwhile." };
    private static readonly Option<double> SwitchOnJoules = new("--switch-on-joules") { Description = "Energy of switching a host on, beside that." };

    public static Command Create()
    {
        var command = new Command("simulate", "Replays a trace of loads on simulated hosts under a policy, without a server: energy, migrations, overload.")
        {
            Trace, Setup, Policy, Ram, SwitchOnSeconds, SwitchOnJoules,
        };
        command.SetAction(parsed =>
        {
            try
            {
                return Run(parsed);
            }
            catch (Exception e) when (e is FormatException or SimulationException or IOException or InvalidDataException or UnauthorizedAccessException)
            {
                Terminal.Error(e is InvalidDataException ? $"{parsed.GetValue(Trace)!.Name}: the gzip data is damaged. {e.Message}" : e.Message);
                return ExitCode.Usage;
            }
        });
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var policy = PolicyName.Parse(parsed.GetValue(Policy)!);
        var ram = ReadRam(parsed.GetValue(Ram)!);
        var switchOn = new SwitchOn(NotNegative(parsed.GetValue(SwitchOnSeconds), "--switch-on-seconds"), NotNegative(parsed.GetValue(SwitchOnJoules), "--switch-on-joules"));
        var setupFile = parsed.GetValue(Setup)!;
        var setup = SetupReader.Read(File.ReadAllText(setupFile.FullName), setupFile.Name);
        var trace = ReadTrace(parsed.GetValue(Trace)!);
        var result = new ClusterSimulator(setup, trace, ram, switchOn, TimeProvider.System).Run(policy());
        if (parsed.GetValue(CommonOptions.Json))
        {
            Terminal.Json(SimulationOutput.Json(result, parsed.GetValue(Policy)!, ram, setup, trace));
        }
        else
        {
            SimulationOutput.Table(result, parsed.GetValue(Policy)!, setup, trace);
        }

        return ExitCode.Done;
    }

    private static LoadTrace ReadTrace(FileInfo file)
    {
        using var stream = file.OpenRead();
        var isCompressed = stream.ReadByte() == 0x1F && stream.ReadByte() == 0x8B;
        stream.Position = 0;
        using var text = new StreamReader(isCompressed ? new GZipStream(stream, CompressionMode.Decompress) : stream);
        return TraceReader.Read(text, file.Name);
    }

    private static double? ReadRam(string text) =>
        text == "none" ? null
        : double.TryParse(text, out var megabytes) && double.IsFinite(megabytes) && megabytes > 0 ? megabytes
        : throw new FormatException($"--ram is '{text}'; give none, or the memory of each host in MB.");

    private static double NotNegative(double value, string option) =>
        double.IsFinite(value) && value >= 0 ? value : throw new FormatException($"{option} is {value}; give 0 or more.");
}
