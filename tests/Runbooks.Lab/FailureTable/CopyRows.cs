namespace Runbooks.Lab.FailureTable;

/// <summary>The failure table, part 1: what happens while memory is copied and the guest runs at its source.</summary>
public static class CopyRows
{
    public static IReadOnlyList<FailureRow> All { get; } =
    [
        new("job-aborted",
            [Until.Copying, Operator.AbortsTheJob],
            RowEnd.NotMoved),
        new("destination-qemu-killed",
            [Until.Copying, Kill.Qemu(Side.Destination)],
            RowEnd.NotMoved),
        new("destination-libvirtd-killed",
            [Until.Copying, Kill.Libvirtd(Side.Destination)],
            RowEnd.NotMoved),
        new("destination-libvirtd-stays-dead",
            [Until.Copying, Host.WithoutLibvirtd(Side.Destination)],
            RowEnd.NeedsAttention)
        {
            Says = ["host2", "libvirtd does not answer"],
            Then = [Host.WithLibvirtd(Side.Destination), Operator.Retries],
            AtLast = RowEnd.Moved,
        },
        new("destination-powered-off",
            [Until.Copying, Host.PowerOff(Side.Destination)],
            RowEnd.NotMoved),
        new("destination-loses-power-silently",
            [Until.Copying, Host.PowerLoss(Side.Destination)],
            RowEnd.NotMoved),
        new("source-libvirtd-killed",
            [Until.Copying, Kill.Libvirtd(Side.Source)],
            RowEnd.NotMoved),
        new("source-qemu-killed",
            [Until.Copying, Kill.Qemu(Side.Source)],
            RowEnd.NeedsAttention)
        {
            Says = ["runs on neither host", "host1"],
            Then = [Operator.StartsVm(Side.Source), Operator.Retries],
            AtLast = RowEnd.Moved,
            ColdStart = true,
        },
        new("source-powered-off",
            [Until.Copying, Host.PowerOff(Side.Source)],
            RowEnd.NeedsAttention)
        {
            Says = ["host1", "is off"],
            Then = [Host.PowerOn(Side.Source), Operator.StartsVm(Side.Source), Operator.Retries],
            AtLast = RowEnd.Moved,
            ColdStart = true,
        },
        new("our-ssh-clients-killed",
            [Until.Copying, Kill.Ssh],
            RowEnd.Moved),
        new("virsh-killed",
            [Until.Copying, Kill.Virsh],
            RowEnd.Moved),
        new("server-killed",
            [Until.Copying, Kill.Server, Until.Beats(2), Operator.StartsServer],
            RowEnd.Moved),
        new("link-cut-for-a-moment",
            [Until.Copying, Host.Cut(Side.Destination), Until.Beats(4), Host.Heal(Side.Destination)],
            RowEnd.Moved),
        new("link-cut-until-libvirt-gives-up",
            [Until.Copying, Host.Cut(Side.Destination), Until.JobIsGone, Host.Heal(Side.Destination)],
            RowEnd.NotMoved),
        new("link-cut-for-good",
            [Until.Copying, Host.Cut(Side.Destination)],
            RowEnd.NeedsAttention)
        {
            Says = ["host2"],
            Then = [Host.Heal(Side.Destination), Operator.Retries],
            AtLast = RowEnd.Moved,
        },
        new("destination-takes-no-new-connections",
            [],
            RowEnd.NotMoved)
        {
            Before = [Freeze.Sshd(Side.Destination)],
        },
        new("cancelled-while-the-link-is-cut",
            [Until.Copying, Host.Cut(Side.Destination), Operator.Cancels, Until.JobIsGone, Host.Heal(Side.Destination)],
            RowEnd.NotMoved),
    ];
}
