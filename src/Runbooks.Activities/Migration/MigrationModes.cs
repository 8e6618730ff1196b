using Runbooks.Fleet.Migrations;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Migration;

/// <summary>Modes as operators write them, and whether two hosts are able to them.</summary>
internal static class MigrationModes
{
    /// <summary>Reads a mode; null for <c>Auto</c> or nothing. What is wrong is the result.</summary>
    public static string? TryRead(string? text, out MigrationMode? mode)
    {
        mode = null;
        if (string.IsNullOrWhiteSpace(text) || text.Equals("Auto", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (!Enum.TryParse<MigrationMode>(text, ignoreCase: true, out var read) || !Enum.IsDefined(read))
        {
            return $"'{text}' is not a mode of migration. There are Auto, {string.Join(", ", Enum.GetNames<MigrationMode>())}.";
        }

        mode = read;
        return null;
    }

    public static string? TryReadCriticality(string? text, out Criticality criticality)
    {
        criticality = Criticality.Normal;
        return string.IsNullOrWhiteSpace(text) || (Enum.TryParse(text, ignoreCase: true, out criticality) && Enum.IsDefined(criticality))
            ? null
            : $"'{text}' is not a criticality. There are {string.Join(", ", Enum.GetNames<Criticality>()).ToLowerInvariant()}.";
    }

    /// <summary>The modes that both hosts are able to.</summary>
    public static IReadOnlyCollection<MigrationMode> Possible(HypervisorFeatures features) =>
        [.. Enum.GetValues<MigrationMode>().Where(m => WhyNot(m, features, Criticality.Normal) is null)];

    /// <summary>Why a VM can't be migrated in a mode; null when it can.</summary>
    public static string? WhyNot(MigrationMode mode, HypervisorFeatures features, Criticality criticality)
    {
        var (needed, what) = mode switch
        {
            MigrationMode.PostCopy or MigrationMode.Hybrid => (HypervisorFeatures.PostCopy, "migrate by post-copy"),
            MigrationMode.Compressed => (HypervisorFeatures.Compression, "compress what is sent"),
            MigrationMode.Parallel => (HypervisorFeatures.ParallelConnections, "send over several connections"),
            MigrationMode.Stopped => (HypervisorFeatures.StoppedMigration, "stop the guest for the copy"),
            _ => (HypervisorFeatures.LiveMigration, "migrate running VMs"),
        };
        return needed == HypervisorFeatures.PostCopy && criticality == Criticality.Critical ? "it is critical, and by post-copy a failure of a host or the link would lose it."
            : features.HasFlag(needed) ? null
            : $"one of the two hypervisors can't {what}.";
    }
}
