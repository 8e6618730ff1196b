using System.Collections.Immutable;

namespace Runbooks.Fleet.Model;

/// <summary>The traits that decide where a VM may run, as one line; loads and times are left out, for they change all the time.</summary>
internal static class TraitsText
{
    public static string Of(HostTraits t) =>
        $"{t.Hypervisor}|{List(t.CpuModels)}|{List(t.Storage)}|{List(t.Networks)}|{List(t.Tags)}|{t.Link}";

    public static string Of(VmTraits t) =>
        $"{t.Hypervisor}|{t.CpuModel}|{List(t.Storage)}|{List(t.Networks)}|{t.Together}|{t.Apart}|{List(t.Pinned)}|{List(t.Excluded)}|{t.Immovable}|{List(t.Prefers)}|{t.MaxVcpus}";

    private static string List<T>(ImmutableArray<T> items) => items.IsDefault ? "-" : string.Join(',', items);
}
