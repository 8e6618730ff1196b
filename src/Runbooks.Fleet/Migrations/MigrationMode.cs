namespace Runbooks.Fleet.Migrations;

/// <summary>How the memory of a VM gets to its new host.</summary>
public enum MigrationMode
{
    /// <summary>Round by round while the guest runs at the source; the guest stands still for the last pages.</summary>
    PreCopy,

    /// <summary>
    /// The guest goes first and its pages follow on demand. Short downtime whatever it writes; but if either host or the link
    /// between them fails on the way, the VM is lost.
    /// </summary>
    PostCopy,

    /// <summary>One round of pre-copy, then post-copy: fewer pages are missing when the guest arrives.</summary>
    Hybrid,

    /// <summary>Pre-copy that sends changed pages as differences (QEMU's XBZRLE). Costs CPU at the source.</summary>
    Compressed,

    /// <summary>Pre-copy over several connections (QEMU's multifd), for links that one connection can't fill.</summary>
    Parallel,

    /// <summary>The guest stands still during the whole copy. Shortest time, longest downtime.</summary>
    Stopped,
}
