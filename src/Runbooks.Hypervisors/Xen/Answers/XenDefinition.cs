using System.Text;
using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Xen.Answers;

/// <summary>A definition file of a host: what it is called, what it says, and what is wrong with it if it says nothing.</summary>
/// <param name="Name">The VM, by the file's name.</param>
/// <param name="Text">The file.</param>
/// <param name="Uuid">The VM's UUID; empty when the definition has none.</param>
/// <param name="MemoryMiB">Its memory, MiB.</param>
/// <param name="Vcpus">Its vCPUs.</param>
/// <param name="Problem">Why it can't be used; null for a good one.</param>
internal sealed record XenDefinition(VmName Name, string Text, Guid Uuid, int MemoryMiB, int Vcpus, string? Problem)
{
    public static XenDefinition Of(VmName name, string text)
    {
        if (!XlConfig.TryParse(text, out var config, out var problem))
        {
            return new XenDefinition(name, text, Guid.Empty, 0, 0, problem);
        }

        var uuid = Guid.TryParse(config.Text("uuid"), out var given) ? given : Guid.Empty;
        var memory = config.Number("memory");
        var wrong = config.Text("name") != name.Value ? $"its name is '{config.Text("name")}', which must be '{name}' as its file's"
            : memory is null or 0 ? "it has no memory"
            : uuid == Guid.Empty ? "it has no uuid; without one the VM would be another at each start"
            : null;
        return new XenDefinition(name, text, uuid, memory ?? 0, config.Number("vcpus") ?? 1, wrong);
    }

    /// <summary>Lines of the form <c>name base64</c>. Files with other names than VMs may have are not listed.</summary>
    public static bool TryRead(IEnumerable<string> lines, out IReadOnlyList<XenDefinition> definitions, out string problem)
    {
        var found = new List<XenDefinition>();
        (definitions, problem) = (found, string.Empty);
        foreach (var line in lines)
        {
            var words = line.Split(' ', 2);
            var bytes = new byte[line.Length];
            if (!VmName.TryParse(words[0], out var name) || !Convert.TryFromBase64String(words.Length > 1 ? words[1] : string.Empty, bytes, out var length))
            {
                problem = $"'{(line.Length > 60 ? line[..60] + "…" : line)}' is not a definition";
                return false;
            }

            found.Add(Of(name, Encoding.UTF8.GetString(bytes, 0, length)));
        }

        return true;
    }
}
