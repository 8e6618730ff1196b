using Runbooks.Lab.Hosts;

namespace Runbooks.Lab.FailureTable;

/// <summary>What must hold when a run has ended, asked on the hosts' own consoles and not through the server.</summary>
public sealed class FinalCheck(Scene scene)
{
    /// <summary>What is wrong; empty when nothing is.</summary>
    public async Task<IReadOnlyList<string>> LookAsync(FailureRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var wrong = new List<string>();
        var home = row.Home ?? (row.Last == RowEnd.Moved ? Side.Destination : Side.Source);
        foreach (var side in Enum.GetValues<Side>())
        {
            if (scene[side].IsOn)
            {
                wrong.AddRange(await LookAtAsync(side, side == home));
            }
            else if (side == home)
            {
                wrong.Add($"The host on which the VM should run, {scene[side].Name}, is off.");
            }
        }

        await scene.Server.UntilReleasedAsync(scene.Vm);
        var before = scene.Beats;
        await Scene.UntilAsync("the guest beats on", () => scene.Beats >= before + 2);
        if (Heartbeat.Problem(scene.Lab.Beats(scene.Vm), row.ColdStart) is { } problem)
        {
            wrong.Add(problem);
        }

        return wrong;
    }

    private async Task<IEnumerable<string>> LookAtAsync(Side side, bool isHome)
    {
        var wrong = new List<string>();
        var host = scene[side].Name;
        var vm = scene.Vm.Value;
        var defined = await NamesAsync(side, "--all");
        var running = await NamesAsync(side, "--state-running");
        if (defined.Contains(vm) != isHome)
        {
            wrong.Add($"{host} has defined: {string.Join(", ", defined)}.");
        }

        if (running.Contains(vm) != isHome)
        {
            wrong.Add($"On {host} runs: {string.Join(", ", running)}.");
        }

        if (scene[side].Qemu(scene.Vm).Count is var count && count != (isHome ? 1 : 0))
        {
            wrong.Add($"{host} has {count} processes of the guest.");
        }

        if (isHome && !(await scene.VirshAsync(side, "domjobinfo", vm)).Contains("None", StringComparison.Ordinal))
        {
            wrong.Add($"A job still works on the VM on {host}.");
        }

        return wrong;
    }

    private async Task<string[]> NamesAsync(Side side, string which) =>
        (await scene.VirshAsync(side, "list", "--name", which)).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

/// <summary>The proof that exactly one instance has run: all copies of a guest count into one file.</summary>
public static class Heartbeat
{
    /// <summary>Null when each beat is one more than the one before, but for one new beginning after a cold start.</summary>
    public static string? Problem(IReadOnlyList<int> beats, bool coldStart)
    {
        ArgumentNullException.ThrowIfNull(beats);
        var starts = coldStart ? 2 : 1;
        for (var (i, next) = (0, 1); i < beats.Count; i++, next++)
        {
            if (beats[i] == 1)
            {
                (next, starts) = (1, starts - 1);
            }

            if (beats[i] != next || starts < 0)
            {
                return $"The heartbeat is not that of one instance: beat {beats[i]} follows {(i == 0 ? 0 : beats[i - 1])}.";
            }
        }

        return starts > 0 ? "The guest was to be started anew, and its heartbeat does not begin anew." : null;
    }
}
