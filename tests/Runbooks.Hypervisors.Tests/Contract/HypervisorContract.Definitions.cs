using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Tests.Contract;

public abstract partial class HypervisorContract
{
    [Fact]
    public async Task A_definition_that_was_read_makes_the_same_VM_again_and_never_another_one()
    {
        var vm = await lab.DefineAsync(new GuestSpec());
        if (lab.A.Definitions is not { } onA || lab.B.Definitions is not { } onB)
        {
            // Said by the property itself, on both hosts.
            Assert.Equal(lab.A.Definitions is null, lab.B.Definitions is null);
            return;
        }

        var uuid = (await lab.A.ObserveVmAsync(vm, None)).Value.Uuid;
        var read = await onA.ReadAsync(vm, None);
        Ok(read);
        Fault(FaultKind.NotFound, await onB.ReadAsync(vm, None));

        Ok(await onA.DefineAsync(vm, read.Value, None));
        Fault(FaultKind.Refused, await onA.DefineAsync(vm, read.Value with { Text = read.Value.Text.Replace($"{uuid}", $"{Guid.NewGuid()}", StringComparison.Ordinal) }, None));
        Ok(await lab.A.UndefineAsync(vm, None));
        Ok(await onA.DefineAsync(vm, read.Value, None));
        Fault(FaultKind.Unsupported, await onA.DefineAsync(vm, read.Value with { Format = "of-nobody" }, None));
        Assert.NotNull((await onA.DefineAsync(new VmName("other-name"), read.Value, None)).Fault);

        var again = (await lab.A.ObserveVmAsync(vm, None)).Value;
        Assert.Equal((uuid, VmState.ShutOff), (again.Uuid, again.State));
        Ok(await lab.A.StartAsync(vm, None));
        Fault(FaultKind.NotFound, await lab.B.ObserveVmAsync(vm, None));
    }
}
