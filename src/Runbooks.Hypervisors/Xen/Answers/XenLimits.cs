namespace Runbooks.Hypervisors.Xen.Answers;

/// <summary>How big a running domain was told to be, and may become without being stopped.</summary>
/// <param name="Vcpus">vCPUs that it was told to switch on.</param>
/// <param name="MaxVcpus">vCPUs that it can have.</param>
/// <param name="MaxMemoryMiB">Memory that it can have, MiB.</param>
internal sealed record XenLimits(int Vcpus, int MaxVcpus, int MaxMemoryMiB)
{
    private const int KiBPerMiB = 1024;

    /// <summary>By <c>xl list -l</c>. False, with the reason, for another answer.</summary>
    public static bool TryRead(string text, out XenLimits limits, out string problem) => XenDomainJson.TryRead(
        text,
        config =>
        {
            var size = config.GetProperty("b_info");
            return new XenLimits(
                size.GetProperty("avail_vcpus").GetArrayLength(),
                size.GetProperty("max_vcpus").GetInt32(),
                (int)(size.GetProperty("max_memkb").GetInt64() / KiBPerMiB));
        },
        out limits,
        out problem);
}
