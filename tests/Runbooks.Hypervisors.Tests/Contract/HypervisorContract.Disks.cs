using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Hypervisors.Tests.Contract;

public abstract partial class HypervisorContract
{
    private const int KiB = 1024;

    [Fact]
    public async Task A_copy_arrives_whole_and_only_who_has_brought_it_removes_it()
    {
        var (onA, onB) = (lab.A.Disks!, lab.B.Disks!);
        var path = await lab.MakeImageOnAAsync("raw", 3 * KiB);
        var (copy, other) = (CopyOf(path, ".arrived"), CopyOf(path, ".arrived"));
        Assert.NotEqual(copy.Id, other.Id);
        Assert.Null((await onB.LookAsync([copy.Target], withChecksums: false, None)).Value.Places.Single().File);
        Assert.Equal(PeerTrust.Trusted, (await onA.TryWayAsync(lab.B.Host, None)).Value.Trust);

        Ok(await onA.StartCopyAsync(copy, None));
        await UntilWholeAsync(copy);
        await UntilAsync("the copy has ended", () => onA.ObserveCopyAsync(copy, None), w => w is { IsRunning: false, Problem: null });
        Ok(await onA.StartCopyAsync(copy, None));
        await UntilAsync("it has ended again", () => onA.ObserveCopyAsync(copy, None), w => w is { IsRunning: false, Problem: null });

        var (here, there) = ((await onA.LookAsync([path], withChecksums: true, None)).Value.Places.Single(), (await onB.LookAsync([copy.Target], withChecksums: true, None)).Value.Places.Single());
        Assert.Equal((here.File!.Bytes, here.File.Sha256), (there.File!.Bytes, there.File.Sha256));
        Assert.NotNull(here.File.Sha256);
        Assert.Equal(ArrivedCopy.OtherFile, (await onB.LookForCopyAsync(other, None)).Value.State);
        Ok(await onA.StartCopyAsync(other, None));
        Assert.NotNull((await UntilAsync("the other copy is refused", () => onA.ObserveCopyAsync(other, None), w => w is { IsRunning: false, Problem: not null })).Problem);
        Ok(await onB.RemoveCopyAsync(other, None));
        Assert.Equal(ArrivedCopy.Whole, (await onB.LookForCopyAsync(copy, None)).Value.State);

        Ok(await onA.EndCopyAsync(copy, forGood: true, None));
        Ok(await onB.RemoveCopyAsync(copy, None));
        Ok(await onB.RemoveCopyAsync(copy, None));
        Assert.Equal(ArrivedCopy.None, (await onB.LookForCopyAsync(copy, None)).Value.State);
        Fault(FaultKind.Refused, await onA.StartCopyAsync(copy, None));
        Assert.NotNull((await onA.LookAsync([path], withChecksums: false, None)).Value.Places.Single().File);
    }

    [Fact]
    public async Task A_copy_that_is_kept_is_a_file_like_any_other_and_a_file_that_has_changed_is_not_deleted()
    {
        var (onA, onB) = (lab.A.Disks!, lab.B.Disks!);
        var copy = CopyOf(await lab.MakeImageOnAAsync("raw", KiB), ".kept");
        Ok(await onA.StartCopyAsync(copy, None));
        await UntilWholeAsync(copy);

        Ok(await onB.KeepCopyAsync(copy, None));
        Ok(await onB.KeepCopyAsync(copy, None));
        Ok(await onB.RemoveCopyAsync(copy, None));

        Assert.Equal(ArrivedCopy.OtherFile, (await onB.LookForCopyAsync(copy, None)).Value.State);
        var file = (await onB.LookAsync([copy.Target], withChecksums: false, None)).Value.Places.Single().File!;
        Fault(FaultKind.Refused, await onB.DeleteAsync(copy.Target, "another", None));
        Ok(await onB.DeleteAsync(copy.Target, file.Identity, None));
        Ok(await onB.DeleteAsync(copy.Target, file.Identity, None));
        Assert.Equal(ArrivedCopy.None, (await onB.LookForCopyAsync(copy, None)).Value.State);
    }

    [Fact]
    public async Task An_image_gets_another_format_on_the_way_and_stays_the_same_disk()
    {
        var (onA, onB) = (lab.A.Disks!, lab.B.Disks!);
        var copy = CopyOf(await lab.MakeImageOnAAsync("qcow2", 2 * KiB), ".raw") with { Format = "qcow2", TargetFormat = "raw" };
        var before = (await onA.LookAsync([copy.Path], withChecksums: false, None)).Value.Places.Single().File!.Image!;

        Ok(await onA.StartCopyAsync(copy, None));
        await UntilWholeAsync(copy);

        var after = (await onB.LookAsync([copy.Target], withChecksums: false, None)).Value.Places.Single().File!.Image!;
        Assert.Equal(("qcow2", "raw"), (before.Format, after.Format));
        Assert.Equal(before.VirtualBytes, after.VirtualBytes);
        Ok(await onB.RemoveCopyAsync(copy, None));
    }

    [Fact]
    public async Task A_copy_of_nothing_says_so_and_a_mark_in_a_folder_is_seen_only_where_the_folder_is()
    {
        var (onA, onB) = (lab.A.Disks!, lab.B.Disks!);
        var path = await lab.MakeImageOnAAsync("raw", 1);
        var copy = CopyOf(path + ".gone", ".nothing");

        Ok(await onA.StartCopyAsync(copy, None));
        Assert.NotNull((await UntilAsync("it is told", () => onA.ObserveCopyAsync(copy, None), w => !w.IsRunning && w.Problem is not null)).Problem);
        Assert.NotEqual(ArrivedCopy.Whole, (await onB.LookForCopyAsync(copy, None)).Value.State);
        Ok(await onB.RemoveCopyAsync(copy, None));

        Ok(await onA.MarkFolderAsync(path, copy.Id, isMarked: true, None));
        Assert.Equal((true, false), ((await onA.SeesMarkAsync(path, copy.Id, None)).Value, (await onB.SeesMarkAsync(path, copy.Id, None)).Value));
        Ok(await onA.MarkFolderAsync(path, copy.Id, isMarked: false, None));
        Assert.False((await onA.SeesMarkAsync(path, copy.Id, None)).Value);
    }

    [Fact]
    public async Task A_VM_that_is_held_is_started_by_nobody_until_it_is_let_go()
    {
        var vm = await lab.DefineAsync(new GuestSpec());
        var definitions = lab.A.Definitions!;
        var free = (await definitions.ReadAsync(vm, None)).Value;
        var held = HeldDefinition.Hold(free, "a.b")!;

        Ok(await definitions.ReplaceAsync(vm, free, held, None));
        Ok(await definitions.ReplaceAsync(vm, free, held, None));

        var read = (await definitions.ReadAsync(vm, None)).Value;
        Assert.Equal(("a.b", free), (HeldDefinition.HolderOf(read), HeldDefinition.Release(read)));
        Assert.False((await lab.A.StartAsync(vm, None)).IsOk);
        Assert.Equal(VmState.ShutOff, (await lab.A.ObserveVmAsync(vm, None)).Value.State);
        Fault(FaultKind.Refused, await definitions.ReplaceAsync(vm, HeldDefinition.Hold(free, "other")!, free, None));
        Assert.Equal("a.b", HeldDefinition.HolderOf((await definitions.ReadAsync(vm, None)).Value));

        Ok(await definitions.ReplaceAsync(vm, read, free, None));
        Ok(await lab.A.StartAsync(vm, None));
        await UntilStateAsync(lab.A, vm, VmState.Running);
    }

    private FileCopy CopyOf(string path, string ending) => new($"contract-{Guid.NewGuid():n}", path, lab.B.Host, path + ending);

    private Task<FileArrival> UntilWholeAsync(FileCopy copy) =>
        UntilAsync($"{copy.Target} is whole", () => lab.B.Disks!.LookForCopyAsync(copy, None), s => s.State == ArrivedCopy.Whole);
}
