namespace Runbooks.Lab.FailureTable;

/// <summary>Hosts whose virsh is broken, slow or foreign, and a key that is taken away in the middle of a run.</summary>
public static class HostileRows
{
    public static IReadOnlyList<FailureRow> All { get; } =
    [
        Broken("source-virsh-answers-binary", "head -c 4096 /dev/urandom"),
        Broken("source-virsh-answers-without-end", "exec yes") with { Says = ["host1"] },
        Broken("source-virsh-says-nothing", "exit 0"),
        Broken("source-virsh-crashes", "kill -SEGV $$") with { Says = ["host1", "was killed"] },
        new("source-virsh-is-slow",
            [Until.Copying, Virsh.Becomes(Side.Source, "sleep 1; exec /run/honest-virsh \"$@\"")],
            RowEnd.Moved),
        new("source-virsh-hangs-for-a-while",
            [Until.Copying, Virsh.Becomes(Side.Source, "exec sleep 20"), Until.Beats(5), Virsh.IsHonest(Side.Source)],
            RowEnd.Moved),
        new("destination-virsh-speaks-german",
            [],
            RowEnd.NotMoved)
        {
            // What it says of a VM that it does not have proves nothing to us.
            Before = [Virsh.Becomes(Side.Destination, "/run/honest-virsh \"$@\" 2>/run/said; code=$?; sed 's/^error: failed to get domain/Fehler: keine Domain/' /run/said >&2; exit $code")],
            Says = ["host2", "does not say that it is missing"],
        },
        new("destination-key-forgotten-during-the-run",
            [Until.Copying, Keys.Forget(Side.Destination), Kill.Ssh],
            RowEnd.NeedsAttention)
        {
            Says = ["host2", "is not in known_hosts"],
            Then = [Keys.Restore, Operator.Retries],
            AtLast = RowEnd.Moved,
        },
    ];

    /// <summary>The source's virsh is of no use until a person has mended it.</summary>
    private static FailureRow Broken(string id, string script) => new(id, [Until.Copying, Virsh.Becomes(Side.Source, script)], RowEnd.NeedsAttention)
    {
        Says = ["host1", "virsh"],
        Then = [Virsh.IsHonest(Side.Source), Operator.Retries],
        AtLast = RowEnd.Moved,
    };
}
