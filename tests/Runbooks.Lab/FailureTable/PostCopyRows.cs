using System.Text.Json.Nodes;

namespace Runbooks.Lab.FailureTable;

/// <summary>
/// The failure table, part 3: the guest runs at the destination, and pages that it misses are still at the source. Nothing
/// may be resumed at the source any more.
/// </summary>
public static class PostCopyRows
{
    public static IReadOnlyList<FailureRow> All { get; } =
    [
        Row("post-copy-job-aborted", [Until.PostCopy, Operator.TriesToAbortTheJob]),
        Row("post-copy-run-cancelled", [Until.PostCopy, Operator.Cancels]) with { Ends = RowEnd.NotMoved, Home = Side.Destination },
        Row("post-copy-virsh-killed", [Until.PostCopy, Kill.Virsh]),
        Row("post-copy-destination-libvirtd-killed", [Until.PostCopy, Kill.Libvirtd(Side.Destination)]),
        Row("post-copy-server-killed", [Until.PostCopy, Kill.Server, Operator.StartsServer]),
        Row("post-copy-link-cut-and-healed", [Until.PostCopy, Host.Cut(Side.Destination), Until.PostCopyFailed, Host.Heal(Side.Destination)]),
        Row("post-copy-destination-qemu-killed", [Until.PostCopy, Until.RunKnowsOfPostCopy, Kill.Qemu(Side.Destination)]) with
        {
            // The rest of the memory must still be on its way when the run has heard of it.
            SlowNetwork = true,
            Ends = RowEnd.NeedsAttention,
            Says = ["host1", "host2"],
            Then = [Operator.StartsVmAnewAtSource, Operator.Retries],
            AtLast = RowEnd.NotMoved,
            ColdStart = true,
        },
    ];

    private static FailureRow Row(string id, Act[] happens) => new(id, happens, RowEnd.Moved) { Inputs = new JsonObject { ["Mode"] = "PostCopy" } };
}
