using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Scaling;

/// <summary>Whether a VM may get another size, apart from where.</summary>
public static class ScalingRules
{
    /// <summary>A guest whose memory is taken to the last MiB ends its programs; this is left to it beside what it uses.</summary>
    private const int LeastReserveMiB = 16;

    private const int ReserveShare = 10;

    /// <summary>Memory that a guest keeps beside what it uses, MiB: a tenth of all, and 16 MiB at least.</summary>
    public static int ReserveMiB(int memoryMiB) => Math.Max(LeastReserveMiB, memoryMiB / ReserveShare);

    /// <summary>A guest that uses so much can live with so much memory.</summary>
    public static bool IsEnough(int memoryMiB, int usedMiB) => usedMiB + ReserveMiB(memoryMiB) <= memoryMiB;

    public static ScalingAnswer Decide(VmName vm, ScalingWish wish, ScalableVm seen)
    {
        ArgumentNullException.ThrowIfNull(wish);
        ArgumentNullException.ThrowIfNull(seen);
        var to = new VmScale(Or(wish.Vcpus, seen.Now.Vcpus), Or(wish.MemoryMiB, seen.Now.MemoryMiB));
        return Set(wish.Vcpus) is null && Set(wish.MemoryMiB) is null
            ? new ScalingAnswer.Refused($"Nothing is wished of the size of VM {vm}: give the number of vCPUs, the memory, or both.")
            : (WhyNotVcpus(vm, wish, seen, to.Vcpus) ?? WhyNotMemory(vm, wish, seen, to.MemoryMiB)) is { } reason
                ? new ScalingAnswer.Refused(reason)
                : to == seen.Now ? new ScalingAnswer.Nothing(seen.Now) : new ScalingAnswer.Change(seen.Now, to);
    }

    private static string? WhyNotVcpus(VmName vm, ScalingWish wish, ScalableVm seen, int to)
    {
        if (Set(wish.Vcpus) is null)
        {
            return null;
        }

        var (least, most) = (Or(wish.MinVcpus, 1), Or(wish.MaxVcpus, int.MaxValue));
        return to < 1 || to < least || to > most ? $"VM {vm} is to have {to} vCPUs, and {Range(least, most)} are allowed. Wish for a number in that range, or change the range."
            : to > seen.Most.Vcpus ? $"VM {vm} is to have {to} vCPUs, and can have {seen.Most.Vcpus} while it runs. Raise the maximum in its definition and start it again, or wish for fewer."
            : null;
    }

    private static string? WhyNotMemory(VmName vm, ScalingWish wish, ScalableVm seen, int to)
    {
        if (Set(wish.MemoryMiB) is null)
        {
            return null;
        }

        var (least, most) = (Or(wish.MinMemoryMiB, 1), Or(wish.MaxMemoryMiB, int.MaxValue));
        if (to < 1 || to < least || to > most)
        {
            return $"VM {vm} is to have {to} MiB, and {Range(least, most)} MiB are allowed. Wish for an amount in that range, or change the range.";
        }

        if (to > seen.Most.MemoryMiB)
        {
            return $"VM {vm} is to have {to} MiB, and can have {seen.Most.MemoryMiB} MiB while it runs. Raise the maximum in its definition and start it again, or wish for less.";
        }

        return to < seen.Now.MemoryMiB ? WhyNotLess(vm, to, seen.MemoryUsedMiB, wish.ShrinkAnywayBecause) : null;
    }

    /// <summary>Why a guest can't be left with so much memory; null when it can.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="to">What it would be left with, MiB.</param>
    /// <param name="usedMiB">What its guest can't give back, MiB; null when it does not tell.</param>
    /// <param name="anywayBecause">Why it is done to a guest that does not tell; null or empty: it is not.</param>
    public static string? WhyNotLess(VmName vm, int to, int? usedMiB, string? anywayBecause) => usedMiB switch
    {
        null => string.IsNullOrWhiteSpace(anywayBecause)
            ? $"The guest of VM {vm} does not say how much memory it uses, so none is taken from it: too little ends its programs. Let it tell (<memballoon><stats period='5'/>, which only libvirt knows), or say why it is safe all the same."
            : null,

        // Whoever says that it is safe says it of a guest that is silent, not of one that says otherwise.
        { } used when !IsEnough(to, used) => $"The guest of VM {vm} uses {used} MiB and keeps {ReserveMiB(to)} MiB beside that, so {to} MiB are too few. Wish for at least {Least(used)} MiB, or end programs in the guest.",
        _ => null,
    };

    /// <summary>The least memory that is enough for a guest that uses so much, MiB.</summary>
    public static int Least(int usedMiB)
    {
        var least = usedMiB + LeastReserveMiB;
        while (!IsEnough(least, usedMiB))
        {
            least++;
        }

        return least;
    }

    private static string Range(int least, int most) => most == int.MaxValue ? $"{least} and more" : $"{least} to {most}";

    private static int? Set(int? value) => value is null or 0 ? null : value;

    private static int Or(int? value, int otherwise) => Set(value) ?? otherwise;
}
