using Runbooks.Fleet.Model;
using Runbooks.Fleet.Simulation;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>
/// Lets time pass in the world: from event to event (end of a round, a guest that is off), counting CPU time between them.
/// </summary>
/// <remarks>
/// Nothing happens in the world between two calls; the next call catches up. So the outcome depends on the time that has
/// passed and not on who looked when.
/// </remarks>
internal sealed class TimeFlow(WorldState world, Faults faults)
{
    /// <summary>The load curve is read at least this often, in time of the day, up to <see cref="MostReadings"/> times per step.</summary>
    private static readonly TimeSpan LoadReading = TimeSpan.FromMinutes(2);

    private const int MostReadings = 16;

    /// <summary>After so long without an answer a connection is given up: three questions, five seconds apart.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    /// <summary>Share of a host's CPUs that it uses for itself.</summary>
    private const double OwnLoad = 0.005;

    private readonly DayGenerator? day = world.DaySeed is { } seed ? new DayGenerator(seed) : null;

    /// <summary>Lets <paramref name="span"/> pass. True when something other than counters has changed.</summary>
    public bool Pass(TimeSpan span)
    {
        var end = world.Now + span;
        var changed = false;
        while (NextEvent() is { } next && next <= end)
        {
            Count(next - world.Now);
            changed |= Happen();
        }

        Count(end - world.Now);
        return changed;
    }

    /// <summary>The next moment at which something happens; never before now.</summary>
    private TimeSpan? NextEvent()
    {
        TimeSpan? next = null;
        foreach (var guest in world.Hosts.SelectMany(h => h.Guests))
        {
            next = Earlier(next, guest.OffAt);
        }

        foreach (var job in world.Migrations.Where(m => !Stalled(m)))
        {
            next = Earlier(next, job.MishapPassed ? job.PhaseEnd : job.MishapPoint);
        }

        foreach (var copy in world.Copies.Where(c => c.Problem is null))
        {
            next = Earlier(next, copy.EndsAt);
        }

        return next is { } moment && moment < world.Now ? world.Now : next;
    }

    private static TimeSpan? Earlier(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b : a;

    private bool Stalled(MigrationState job) =>
        job.Phase == MigrationPhase.PostCopyFailed || world.Host(job.Source).Cut || world.Host(job.Destination).Cut;

    private bool Happen()
    {
        var changed = false;
        foreach (var host in world.Hosts)
        {
            foreach (var guest in host.Guests.Where(g => g.OffAt <= world.Now).ToList())
            {
                WorldChanges.StopGuest(world, host, guest, "shutdown");
                changed = true;
            }
        }

        foreach (var job in world.Migrations.Where(m => !Stalled(m)).ToList())
        {
            changed |= Step(job);
        }

        foreach (var copy in world.Copies.Where(c => c.Problem is null && c.EndsAt <= world.Now).ToList())
        {
            WorldFiles.EndCopy(world, copy);
            changed = true;
        }

        return changed;
    }

    private bool Step(MigrationState job)
    {
        if (!job.MishapPassed && job.MishapPoint <= world.Now)
        {
            job.MishapPassed = true;
            if (faults.Take(job) is { } fault)
            {
                WorldChanges.Suffer(world, job, fault.Mishap);
                return true;
            }
        }

        if (job.PhaseEnd > world.Now)
        {
            return false;
        }

        if (job.Phase is MigrationPhase.StopAndCopy or MigrationPhase.PostCopy)
        {
            WorldChanges.Commit(world, job);
            return true;
        }

        if (job.EndRound(world.Now))
        {
            world.Host(job.Source).Find(job.Vm)!.Become(VmState.Paused, "migrating");
        }

        return true;
    }

    /// <summary>Counts CPU time up to the end of a span in which nothing else happens.</summary>
    private void Count(TimeSpan span)
    {
        if (span <= TimeSpan.Zero)
        {
            return;
        }

        foreach (var job in world.Migrations.Where(Stalled))
        {
            job.Stall(span);
        }

        // Before a cut of that length nobody knows that the connection is dead.
        foreach (var job in world.Migrations.Where(m => m.Phase == MigrationPhase.PostCopy && m.StalledFor >= KeepAlive).ToList())
        {
            WorldChanges.FailPostCopy(world, job);
        }

        var dayPassed = span * world.Settings.DaySpeed;
        var readings = (int)Math.Clamp(Math.Ceiling(dayPassed / LoadReading), 1, MostReadings);
        for (var i = 0; i < readings; i++)
        {
            var at = world.Day + (dayPassed * ((i + 0.5) / readings));
            foreach (var host in world.Hosts.Where(h => h.Power == PowerState.On))
            {
                Count(host, span.TotalSeconds / readings, at);
            }
        }

        foreach (var guest in world.Hosts.SelectMany(h => h.Guests).Where(g => g.Size.BalloonToMiB is not null))
        {
            GuestSize.Breathe(guest, world.Settings.BalloonMiBs * span.TotalSeconds);
        }

        world.Now += span;
        world.Day += dayPassed;
    }

    /// <summary>Guests that want more than the host has share it in proportion to what they want.</summary>
    private void Count(HostState host, double seconds, TimeSpan at)
    {
        var running = host.Guests.Where(g => g.State == VmState.Running).Select(g => (Guest: g, Wanted: Demand(g, at))).ToList();
        var wanted = running.Sum(r => r.Wanted);
        var available = host.Cpus * (1 - OwnLoad);
        var share = wanted > available ? available / wanted : 1;
        foreach (var (guest, cores) in running)
        {
            guest.CpuSeconds += cores * share * seconds;
        }

        host.BusySeconds += ((wanted * share) + (host.Cpus * OwnLoad)) * seconds;
        host.TotalSeconds += host.Cpus * seconds;
    }

    private double Demand(GuestState guest, TimeSpan at) =>
        guest.Vcpus * (guest.CpuLoad ?? day?.LoadOf(guest.Name, at) ?? 0);
}
