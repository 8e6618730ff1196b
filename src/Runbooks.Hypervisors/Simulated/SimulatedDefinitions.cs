using System.Globalization;
using System.Xml.Linq;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Simulated;

/// <summary>
/// The definitions of VMs on one host of a <see cref="SimulatedFleet"/>, in the real language of its kind. They are written
/// from what the guest is, so only what can be converted can be defined.
/// </summary>
internal sealed class SimulatedDefinitions(SimulatedHypervisor hypervisor) : IVmDefinitions
{
    public Task<Result<VmDefinition>> ReadAsync(VmName vm, CancellationToken cancellationToken) =>
        hypervisor.AskAsync<VmDefinition>(
            SimulatedOperation.ReadDefinition, vm, (_, on) => on.Find(vm) is { Persistent: true } guest ? Write(on.Kind, guest) : Missing(vm), cancellationToken);

    public Task<Result<Unit>> DefineAsync(VmName vm, VmDefinition definition, CancellationToken cancellationToken) =>
        hypervisor.AskAsync(SimulatedOperation.Define, vm, (world, on) => Define(world, on, vm, definition), cancellationToken);

    public Task<Result<Unit>> ReplaceAsync(VmName vm, VmDefinition expected, VmDefinition replacement, CancellationToken cancellationToken) =>
        hypervisor.AskAsync(SimulatedOperation.ReplaceDefinition, vm, (_, on) => Replace(on, vm, expected, replacement), cancellationToken);

    public Task<Result<VmDefinition>> ComposeAsync(ConvertibleVm vm, CancellationToken cancellationToken) =>
        hypervisor.AskAsync<VmDefinition>(SimulatedOperation.ReadDefinition, new VmName(vm.Name), (_, on) => Write(on.Kind, vm), cancellationToken);

    public Task<Result<IReadOnlyList<string>>> FindTiesAsync(VmName vm, CancellationToken cancellationToken) =>
        hypervisor.AskAsync<IReadOnlyList<string>>(SimulatedOperation.ReadDefinition, vm, (_, on) => on.Find(vm) is null ? Missing(vm) : Array.Empty<string>(), cancellationToken);

    public Task<Result<IReadOnlyList<string>>> FindMissingBridgesAsync(ConvertibleVm vm, CancellationToken cancellationToken) =>
        hypervisor.AskAsync<IReadOnlyList<string>>(
            SimulatedOperation.ObserveNetworks,
            null,
            (_, on) => vm.Cards.Select(c => c.Bridge).Distinct(StringComparer.Ordinal).Where(b => !on.Networks.Exists(n => n.Network.Kind == NetworkKind.Bridge && n.Network.Name == b)).ToArray(),
            cancellationToken);

    private static VmDefinition Write(HypervisorKind kind, ConvertibleVm vm) =>
        kind == HypervisorKind.Xen ? new VmDefinition("xl", XlLanguage.Write(vm)) : new VmDefinition("libvirt-xml", LibvirtLanguage.Write(vm, "qemu"));

    /// <summary>With what the converter has no word for: room to grow, and networks that are no bridges.</summary>
    private static VmDefinition Write(HypervisorKind kind, GuestState guest)
    {
        var size = GuestSize.Describe(guest);
        var (memory, vcpus) = (size.DefinedMemoryMiB ?? size.MemoryMiB, size.DefinedVcpus ?? size.Vcpus);
        var vm = new ConvertibleVm(
            guest.Name.Value, guest.Uuid, memory, vcpus, guest.Kernel, null, "quiet", guest.Disks,
            [.. guest.Interfaces.Where(i => i is { Kind: NetworkKind.Bridge, Vlan: null }).Select(i => new ConvertibleCard(i.Mac, i.Network))]);
        var plain = Write(kind, vm);
        var others = guest.Interfaces.Where(i => i is not { Kind: NetworkKind.Bridge, Vlan: null }).ToArray();
        if (others.Length == 0 && size.MaxVcpus == vcpus && size.MaxMemoryMiB == memory)
        {
            return plain;
        }

        if (kind == HypervisorKind.Xen)
        {
            return plain with { Text = string.Create(CultureInfo.InvariantCulture, $"{plain.Text}maxvcpus = {size.MaxVcpus}\nmaxmem = {size.MaxMemoryMiB}\n") };
        }

        var domain = XElement.Parse(plain.Text);
        domain.Element("vcpu")!.Value = size.MaxVcpus.ToString(CultureInfo.InvariantCulture);
        domain.Element("vcpu")!.SetAttributeValue("current", vcpus);
        domain.Element("memory")!.Value = size.MaxMemoryMiB.ToString(CultureInfo.InvariantCulture);
        domain.Element("memory")!.AddAfterSelf(new XElement("currentMemory", new XAttribute("unit", "MiB"), memory));
        domain.Element("devices")!.Add(others.Select(i => new XElement(
            "interface", new XAttribute("type", "network"), new XElement("mac", new XAttribute("address", i.Mac)), new XElement("source", new XAttribute("network", i.Network)))));
        return plain with { Text = domain.ToString() };
    }

    private Result<Unit> Define(WorldState world, HostState on, VmName vm, VmDefinition definition)
    {
        if (definition.Format != (on.Kind == HypervisorKind.Xen ? "xl" : "libvirt-xml"))
        {
            return new HypervisorFault(FaultKind.Unsupported, on.Name, $"This host does not take definitions in '{definition.Format}'.", "Convert it first.");
        }

        var (name, uuid) = Identity(definition);
        if (name != vm.Value || uuid is null)
        {
            return Refused(on, $"The definition is of '{name}' ({uuid}), not of VM '{vm}' with a UUID of its own.");
        }

        if (on.Find(vm) is { } there)
        {
            return there.Uuid == uuid ? default(Unit) : Refused(on, $"Another VM '{vm}' is defined here ({there.Uuid}).");
        }

        // How a guest behaves is no matter of its definition: it is the same guest as on the host that it came from.
        var known = world.Hosts.Select(h => h.Find(vm)).OfType<GuestState>().FirstOrDefault(g => g.Uuid == uuid) ?? new GuestState { Name = vm, Uuid = uuid.Value };
        return DefinitionLanguages.Read(definition) is { Vm: { } said } ? Add(on, known.Defined(said)) : Refused(on, $"The simulation can't define VM '{vm}' by this text.");
    }

    private static Result<Unit> Add(HostState on, GuestState guest)
    {
        on.Guests.Add(guest);
        return default(Unit);
    }

    private Result<Unit> Replace(HostState on, VmName vm, VmDefinition expected, VmDefinition replacement)
    {
        if (on.Find(vm) is not { Persistent: true } guest)
        {
            return Missing(vm);
        }

        var now = Write(on.Kind, guest);
        if (now == replacement)
        {
            return default(Unit);
        }

        // Of all that a definition says, nobody has replaced anything but the kernel so far.
        return now != expected || HeldDefinition.Release(replacement) != HeldDefinition.Release(expected) ? Refused(on, $"Somebody else has changed the definition of '{vm}'.")
            : DefinitionLanguages.Read(replacement) is { Vm: { } said } ? Take(guest, said.Kernel)
            : Refused(on, $"The simulation can't define VM '{vm}' by this text.");
    }

    private static Result<Unit> Take(GuestState guest, string kernel)
    {
        guest.Kernel = kernel;
        return default(Unit);
    }

    private static (string? Name, Guid? Uuid) Identity(VmDefinition definition) =>
        definition.Format != "xl" ? LibvirtLanguage.Identity(definition.Text)
        : XlConfig.TryParse(definition.Text, out var config, out _) ? (config.Text("name"), Guid.TryParse(config.Text("uuid"), out var uuid) ? uuid : null)
        : (null, null);

    private HypervisorFault Missing(VmName vm) => new(FaultKind.NotFound, hypervisor.Host, $"There is no VM '{vm}' on this host.");

    private static HypervisorFault Refused(HostState on, string message) => new(FaultKind.Refused, on.Name, message);
}
