using System.CommandLine;
using System.Diagnostics;
using Runbooks.Cli.Commands;
using Runbooks.Cli.Output;
using Runbooks.Fleet.FleetFiles;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Planning;

namespace Runbooks.Cli.Planning;

/// <summary>Plans for a fleet in a file, without a server.</summary>
internal static class PlanCommand
{
    private static readonly Option<FileInfo> Fleet = new("--fleet")
    {
        Description = "The fleet: JSON, or Ganeti's text format when the file's name ends with .data.",
        Required = true,
    };

    private static readonly Option<string> Goal = new("--goal")
    {
        Description = "consolidate, deconsolidate, balance, relieve, evacuate, place or recover.",
        Required = true,
    };

    private static readonly Option<string?> Host = new("--host") { Description = "The host to evacuate, to relieve, that failed, or to place on." };
    private static readonly Option<string?> Vm = new("--vm") { Description = "The VM to place." };
    private static readonly Option<int?> MaxMoves = new("--max-moves") { Description = "Most moves." };
    private static readonly Option<double?> TargetSd = new("--target-sd") { Description = "Balance stops at this standard deviation of the hosts' CPU shares." };
    private static readonly Option<bool> NPlusOne = new("--n-plus-one") { Description = "Any one used host may fail at any time, for every goal. Without it, consolidate and balance still never make that worse." };
    private static readonly Option<double?> TimeLimit = new("--time-limit") { Description = "Seconds for planning; what was found by then is the plan." };
    private static readonly Option<FileInfo?> Util = new("--util") { Description = "Loads for Ganeti's text format. Default: the file beside --fleet that ends with .util, if there is one." };

    public static Command Create()
    {
        var command = new Command("plan", "Plans for a fleet in a file, without a server: which VM goes where, in which order, and why.")
        {
            Fleet, Goal, Host, Vm, MaxMoves, TargetSd, NPlusOne, TimeLimit, Util,
        };
        command.SetAction(parsed =>
        {
            try
            {
                return Run(parsed);
            }
            catch (Exception e) when (e is FleetFileException or IOException or UnauthorizedAccessException or ArgumentException or FormatException)
            {
                Terminal.Error(e is FleetFileException wrong ? $"{FileOf(wrong, parsed)}: {e.Message}" : Sentence(e));
                return ExitCode.Usage;
            }
        });
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var clock = new Stopwatch();
        var limit = parsed.GetValue(TimeLimit);
        var request = new PlanningRequest(ReadGoal(parsed.GetValue(Goal)!))
        {
            Host = parsed.GetValue(Host) is { } host ? new HostName(host) : null,
            Vm = parsed.GetValue(Vm) is { } vm ? new VmName(vm) : null,
            MaxMoves = AtLeastZero(parsed.GetValue(MaxMoves), "--max-moves"),
            TargetSd = AtLeastZero(parsed.GetValue(TargetSd), "--target-sd"),
            IsTimeUp = AtLeastZero(limit, "--time-limit") is { } seconds ? () => clock.Elapsed.TotalSeconds >= seconds : null,
        };
        var file = Read(parsed.GetValue(Fleet)!, parsed.GetValue(Util));
        var policy = new PlannerPolicy
        {
            // A file says what VMs may use; nothing more is held back.
            MemoryHeadroom = 0,
            VcpuRatio = file.VcpuRatio ?? new PlannerPolicy().VcpuRatio,
            HostFailure = parsed.GetValue(NPlusOne) ? HostFailureRule.Require : HostFailureRule.Keep,
        };
        clock.Start();
        var plan = FleetPlanner.Plan(file.Fleet, request, policy);
        clock.Stop();
        if (parsed.GetValue(CommonOptions.Json))
        {
            PlanOutput.Json(file.Fleet, plan, clock.Elapsed);
        }
        else
        {
            PlanOutput.Table(plan, clock.Elapsed);
        }

        return ExitCode.Done;
    }

    private static FleetFile Read(FileInfo fleet, FileInfo? util)
    {
        var text = File.ReadAllText(fleet.FullName);
        if (!fleet.Extension.Equals(".data", StringComparison.OrdinalIgnoreCase))
        {
            return JsonFleetFile.Read(text);
        }

        var loads = util ?? Beside(fleet);
        return GanetiFleetFile.Read(text, loads.Exists || util is not null ? File.ReadAllText(loads.FullName) : null);
    }

    private static FileInfo Beside(FileInfo fleet) => new(Path.ChangeExtension(fleet.FullName, ".util"));

    private static string FileOf(FleetFileException wrong, ParseResult parsed)
    {
        var fleet = parsed.GetValue(Fleet)!;
        return (wrong.IsInLoads ? parsed.GetValue(Util) ?? Beside(fleet) : fleet).Name;
    }

    private static PlanGoal ReadGoal(string text) =>
        Enum.TryParse<PlanGoal>(text, ignoreCase: true, out var goal) && Enum.IsDefined(goal) && !int.TryParse(text, out _)
            ? goal
            : throw new FormatException($"There is no goal '{text}'; goals are {string.Join(", ", Enum.GetNames<PlanGoal>()).ToLowerInvariant()}.");

    private static T? AtLeastZero<T>(T? value, string option)
        where T : struct, System.Numerics.INumber<T> =>
        value is { } v && (T.IsNegative(v) || T.IsNaN(v)) ? throw new FormatException($"{option} is {v}; it can't be negative.") : value;

    /// <summary>The message without the name of the parameter, which means nothing on a command line.</summary>
    private static string Sentence(Exception e) => e.Message.Split(" (Parameter '")[0];
}
