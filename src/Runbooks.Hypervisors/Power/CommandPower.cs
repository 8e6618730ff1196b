using System.ComponentModel;
using System.Diagnostics;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Processes;

namespace Runbooks.Hypervisors.Power;

/// <summary>Power by programs that the operator names: ipmitool, a PDU's client, the lab.</summary>
/// <remarks>A program that fails is not believed: the machine's power is read afterwards, and that decides.</remarks>
internal sealed class CommandPower(HostName host, PowerCommands commands, TimeProvider time) : IHostPower
{
    // A management controller answers within seconds, but is given the time to say no at its own pace.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public HostName Host => host;

    public async Task<Result<PowerState>> ObserveAsync(CancellationToken cancellationToken)
    {
        var ran = await RunAsync(commands.Status, cancellationToken);
        if (!ran.IsOk)
        {
            return ran.Fault;
        }

        var (code, output, errors) = ran.Value;
        if (code != 0)
        {
            return new HypervisorFault(
                FaultKind.Unreachable, host, $"The power command '{commands.Status[0]}' said: {Said(code, errors)}", "Run the host's power.status command of the fleet file by hand.");
        }

        var first = output.Split('\n', 2)[0].Trim();
        return first.Split(' ')[^1].ToUpperInvariant() switch
        {
            "ON" => PowerState.On,
            "OFF" => PowerState.Off,
            _ => new HypervisorFault(
                FaultKind.BadAnswer, host, $"The power command '{commands.Status[0]}' printed '{first}' where 'on' or 'off' was expected.", "See the host's power.status in the fleet file."),
        };
    }

    public Task<Result<Unit>> PowerOnAsync(CancellationToken cancellationToken) => SwitchAsync(commands.On, PowerState.On, cancellationToken);

    public Task<Result<Unit>> PowerOffAsync(CancellationToken cancellationToken) => SwitchAsync(commands.Off, PowerState.Off, cancellationToken);

    private async Task<Result<Unit>> SwitchAsync(IReadOnlyList<string> command, PowerState wanted, CancellationToken cancellationToken)
    {
        var ran = await RunAsync(command, cancellationToken);
        if (ran.IsOk && ran.Value.ExitCode == 0)
        {
            return default(Unit);
        }

        if (!ran.IsOk && ran.Fault.Kind == FaultKind.Unsupported)
        {
            return ran.Fault;
        }

        var seen = await ObserveAsync(cancellationToken);
        if (seen.IsOk && seen.Value == wanted)
        {
            return default(Unit);
        }

        var why = ran.IsOk ? Said(ran.Value.ExitCode, ran.Value.Errors) : ran.Fault.Message;
        return new HypervisorFault(
            FaultKind.UnknownOutcome, host, $"Switching {wanted.ToString().ToLowerInvariant()} with '{command[0]}' failed: {why}", "Look at the machine's power before anything relies on it.");
    }

    private async Task<Result<(int ExitCode, string Output, string Errors)>> RunAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command[0]);
        foreach (var word in command.Skip(1))
        {
            start.ArgumentList.Add(word);
        }

        foreach (var (name, value) in commands.Environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            var ended = await ChildProcess.RunAsync(start, Limit, Descendants.End, time, cancellationToken);
            return ended.ExitCode is { } code
                ? (code, ended.Output, ended.Errors)
                : new HypervisorFault(FaultKind.UnknownOutcome, host, $"The power command '{command[0]}' did not end within {Limit.TotalSeconds:0} s.");
        }
        catch (Win32Exception e)
        {
            return new HypervisorFault(FaultKind.Unsupported, host, $"The power command '{command[0]}' could not be started: {e.Message}.", "See the host's power in the fleet file.");
        }
    }

    private static string Said(int code, string errors) =>
        errors.Trim() is { Length: > 0 } text ? $"{text} (exit code {code})" : $"nothing (exit code {code})";
}
