using System.Text.Json.Nodes;

namespace Runbooks.Lab.FailureTable;

/// <summary>
/// The failure table, part 2: what happens between the moment at which the guest stands still and the moment at which both
/// hosts know that it runs at the destination.
/// </summary>
public static class SwitchOverRows
{
    /// <summary>All of the guest is at the destination, and the source, frozen, does not know it yet.</summary>
    private static readonly Act[] CopiedBehindTheSource = [Until.GuestStandsStill, Freeze.Libvirtd(Side.Source), Until.CopyIsThroughBehindTheSource];

    /// <summary>The source has asked the destination to let the guest run; the destination, its QEMU frozen, has not yet done it.</summary>
    private static readonly Act[] AskedToFinish = [.. CopiedBehindTheSource, Freeze.Qemu(Side.Destination), Thaw.Libvirtd(Side.Source), Until.Finishing];

    /// <summary>The source has asked the destination to let the guest run, which has not heard it; and the source has forgotten that it asked.</summary>
    private static readonly Act[] FinishIsLost = [.. CopiedBehindTheSource, Host.Cut(Side.Destination), Thaw.Libvirtd(Side.Source), Until.SourceAsks, Kill.Libvirtd(Side.Source)];

    private static JsonObject MayFence => new() { ["WhenHostIsLost"] = "Fence" };

    public static IReadOnlyList<FailureRow> All { get; } =
    [
        new("source-frozen-across-the-switch-over",
            [.. CopiedBehindTheSource, Thaw.Libvirtd(Side.Source)],
            RowEnd.Moved)
        {
            SlowNetwork = true,
        },
        new("source-libvirtd-dies-before-the-finish",
            [.. FinishIsLost, Host.Heal(Side.Destination)],
            RowEnd.NotMoved)
        {
            // The question to finish may lie in the source's network and arrive when the cable is plugged in again.
            OrEnds = RowEnd.Moved,
            SlowNetwork = true,
        },
        new("source-libvirtd-dies-after-the-finish",
            [.. AskedToFinish, Freeze.Libvirtd(Side.Source), Thaw.Qemu(Side.Destination), Until.DestinationRuns, Kill.Libvirtd(Side.Source)],
            RowEnd.Moved)
        {
            SlowNetwork = true,
        },
        new("destination-libvirtd-frozen-at-the-finish-and-killed",
            [Until.GuestStandsStill, Freeze.Libvirtd(Side.Destination), Until.CopyIsThrough, Kill.Libvirtd(Side.Destination)],
            RowEnd.NotMoved)
        {
            SlowNetwork = true,
        },
        new("destination-qemu-dies-at-the-finish",
            [.. AskedToFinish, Kill.Qemu(Side.Destination)],
            RowEnd.NotMoved)
        {
            SlowNetwork = true,
        },
        new("link-cut-before-the-finish",
            [.. CopiedBehindTheSource, Host.Cut(Side.Destination), Thaw.Libvirtd(Side.Source), Until.SourceRuns, Host.Heal(Side.Destination)],
            RowEnd.NotMoved)
        {
            SlowNetwork = true,
        },
        new("finish-never-arrives-and-a-person-is-asked",
            [.. FinishIsLost],
            RowEnd.NeedsAttention)
        {
            SlowNetwork = true,
            Says = ["host2"],
            Then = [Host.PowerOff(Side.Destination), Host.PowerOn(Side.Destination), Operator.Retries],
            AtLast = RowEnd.NotMoved,
        },
        new("finish-never-arrives-and-the-destination-is-fenced",
            [.. FinishIsLost],
            RowEnd.NotMoved)
        {
            SlowNetwork = true,
            Inputs = MayFence,
        },
        new("finish-arrives-and-the-destination-is-fenced",
            [.. AskedToFinish, Freeze.Libvirtd(Side.Source), Thaw.Qemu(Side.Destination), Until.DestinationRuns, Host.Cut(Side.Destination), Kill.Libvirtd(Side.Source)],
            RowEnd.NeedsAttention)
        {
            // It has run there, so what the source has in memory is old and is not resumed.
            SlowNetwork = true,
            Inputs = MayFence,
            Says = ["it may have run there"],
            Then = [Operator.StartsVmAnewAtSource, Operator.Retries],
            AtLast = RowEnd.NotMoved,
            ColdStart = true,
        },
        new("source-cut-off-after-the-finish-and-fenced",
            [.. AskedToFinish, Freeze.Libvirtd(Side.Source), Thaw.Qemu(Side.Destination), Until.DestinationRuns, Host.Cut(Side.Source), Kill.Libvirtd(Side.Source)],
            RowEnd.Moved)
        {
            SlowNetwork = true,
            Inputs = MayFence,
        },
        new("source-powered-off-after-the-finish",
            [.. AskedToFinish, Freeze.Libvirtd(Side.Source), Thaw.Qemu(Side.Destination), Until.DestinationRuns, Host.PowerOff(Side.Source)],
            RowEnd.NeedsAttention)
        {
            SlowNetwork = true,
            Says = ["host1"],
            Then = [Host.PowerOn(Side.Source), Operator.Retries],
            AtLast = RowEnd.Moved,
        },
        new("source-cut-off-after-the-finish",
            [.. AskedToFinish, Freeze.Libvirtd(Side.Source), Thaw.Qemu(Side.Destination), Until.DestinationRuns, Host.Cut(Side.Source), Kill.Libvirtd(Side.Source)],
            RowEnd.NeedsAttention)
        {
            SlowNetwork = true,
            Says = ["host1"],
            Then = [Host.Heal(Side.Source), Operator.Retries],
            AtLast = RowEnd.Moved,
        },
    ];
}
