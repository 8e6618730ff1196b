using Runbooks.Fleet.Model;

namespace Runbooks.Fleet.Migrations.Turns;

/// <summary>
/// Who is migrating and who waits to. Every call is atomic, also among several servers, and may be repeated.
/// </summary>
public interface IMigrationTurns
{
    /// <summary>
    /// Asks for a turn, or asks again. The caller holds the VM's reservation; a turn that another run has left behind for this
    /// VM is replaced.
    /// </summary>
    Task<TurnAnswer> AskAsync(TurnWish wish, CancellationToken cancellationToken);

    /// <summary>Gives a turn back, or a wish up, if <paramref name="holder"/> has it.</summary>
    /// <returns>The turns that wait and may be had now: their runs can be told. Empty when nothing was given back.</returns>
    Task<IReadOnlyList<Turn>> ReleaseAsync(VmName vm, string holder, CancellationToken cancellationToken);

    /// <summary>Notes what is known of a migration under way, and tells its share, and who may begin now because this one has.</summary>
    /// <param name="vm">The VM.</param>
    /// <param name="holder">The run.</param>
    /// <param name="dirtyMiBs">How fast the guest was seen to write, MiB/s; null: nothing new is known.</param>
    /// <param name="isCopying">Its memory is on the wire.</param>
    /// <param name="cancellationToken">Ends the waiting for an answer.</param>
    /// <returns>Null when the run has no turn for this VM.</returns>
    Task<TurnShare?> ShareAsync(VmName vm, string holder, double? dirtyMiBs, bool isCopying, CancellationToken cancellationToken);

    /// <summary>The turn of a VM, held or waited for; null when it has none.</summary>
    Task<Turn?> FindAsync(VmName vm, CancellationToken cancellationToken);

    /// <summary>All turns, held and waited for, by VM.</summary>
    Task<IReadOnlyList<Turn>> ListAsync(CancellationToken cancellationToken);
}
