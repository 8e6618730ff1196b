using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>What a guest does with a vCPU that it is to give back.</summary>
public enum UnplugHabit
{
    /// <summary>Gives it back at once.</summary>
    GivesBack,

    /// <summary>Gives it back, and the hypervisor does not notice: it goes on counting it until its service is restarted.</summary>
    Unnoticed,

    /// <summary>Keeps it: the request times out, and nobody knows whether it will be followed later.</summary>
    Keeps,
}

/// <summary>How a guest takes to being made bigger and smaller.</summary>
/// <param name="Unplug">What it does with a vCPU that it is to give back.</param>
/// <param name="UsedMiB">Memory that it can't give back, MiB; 0: half of what it was defined with.</param>
/// <param name="KeepsMiB">Memory below which it does not go, whatever is asked, MiB.</param>
/// <param name="TellsUse">False: it says nothing about the memory that it uses.</param>
/// <param name="HasAgent">False: it says nothing about its vCPUs.</param>
public sealed record GuestHabits(UnplugHabit Unplug = UnplugHabit.GivesBack, int UsedMiB = 0, int KeepsMiB = 0, bool TellsUse = true, bool HasAgent = true);

/// <summary>The part of a guest's state that its size is.</summary>
internal sealed class GuestSize
{
    public int MaxVcpus { get; init; }

    public int MaxMemoryMiB { get; init; }

    public GuestHabits Habits { get; set; } = new();

    /// <summary>What it starts with next time; null in worlds of older programs: what it has.</summary>
    public int? DefinedVcpus { get; set; }

    public int? DefinedMemoryMiB { get; set; }

    /// <summary>vCPUs in the guest while the hypervisor counts others; null when they agree.</summary>
    public int? GuestVcpus { get; set; }

    /// <summary>Memory that was asked for and is not there yet, MiB.</summary>
    public int? BalloonToMiB { get; set; }

    /// <summary>What of a MiB has passed through the balloon.</summary>
    public double BalloonRest { get; set; }

    public static GuestSize Of(SimulatedVm vm) => new()
    {
        MaxVcpus = Math.Max(vm.MaxVcpus, vm.Vcpus),
        MaxMemoryMiB = Math.Max(vm.MaxMemoryMiB, vm.MemoryMiB),
        DefinedVcpus = vm.Vcpus,
        DefinedMemoryMiB = vm.MemoryMiB,
        Habits = new GuestHabits(UsedMiB: vm.MemoryMiB / 2),
    };

    public static int? UsedMiB(GuestState guest) => !guest.Size.Habits.TellsUse ? null
        : guest.Size.Habits.UsedMiB > 0 ? guest.Size.Habits.UsedMiB
        : (guest.Size.DefinedMemoryMiB ?? guest.MemoryMiB) / 2;

    public static VmSize Describe(GuestState guest) =>
        new(guest.Vcpus, Math.Max(guest.Size.MaxVcpus, guest.Vcpus), guest.MemoryMiB, Math.Max(guest.Size.MaxMemoryMiB, guest.MemoryMiB), UsedMiB(guest))
        {
            GuestVcpus = guest.Size.Habits.HasAgent ? guest.Size.GuestVcpus ?? guest.Vcpus : null,
            DefinedVcpus = guest.Persistent ? guest.Size.DefinedVcpus ?? guest.Vcpus : null,
            DefinedMemoryMiB = guest.Persistent ? guest.Size.DefinedMemoryMiB ?? guest.MemoryMiB : null,
        };

    /// <summary>Memory goes through the balloon towards what was asked for; a guest stops at what it keeps.</summary>
    public static void Breathe(GuestState guest, double mib)
    {
        var size = guest.Size;
        var to = size.BalloonToMiB!.Value;
        if (to < guest.MemoryMiB)
        {
            to = Math.Max(to, Math.Min(size.Habits.KeepsMiB, guest.MemoryMiB));
        }

        var whole = size.BalloonRest + mib;
        var step = (int)Math.Min(whole, Math.Abs(to - guest.MemoryMiB));
        guest.MemoryMiB += to < guest.MemoryMiB ? -step : step;
        size.BalloonRest = step < Math.Floor(whole) ? 0 : whole - step;
        if (guest.MemoryMiB == size.BalloonToMiB)
        {
            (size.BalloonToMiB, size.BalloonRest) = (null, 0);
        }
    }

    public GuestSize Copy() => new()
    {
        MaxVcpus = MaxVcpus,
        MaxMemoryMiB = MaxMemoryMiB,
        Habits = Habits,
        DefinedVcpus = DefinedVcpus,
        DefinedMemoryMiB = DefinedMemoryMiB,
        GuestVcpus = GuestVcpus,
        BalloonToMiB = BalloonToMiB,
        BalloonRest = BalloonRest,
    };
}
