using Runbooks.Hypervisors.Contract;

namespace Runbooks.Hypervisors.Conversion;

/// <summary>Reads a definition in whichever language it is written.</summary>
public static class DefinitionLanguages
{
    public static ReadVm Read(VmDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return definition.Format switch
        {
            "libvirt-xml" => LibvirtLanguage.Read(definition.Text),
            "xl" => XlLanguage.Read(definition.Text),
            var other => new ReadVm(null, [$"Definitions in '{other}' are not known."]),
        };
    }
}
