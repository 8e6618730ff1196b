using Runbooks.Workflows.Runs;

namespace Runbooks.Storage.Runs;

/// <summary>
/// Keeps programs that know no dry runs from executing one. They would not see the column that says so, and do what the
/// run only says; but every program asks for the definition by its version before it does anything. So a dry run of a
/// published version is written under a number that no program has a definition for, and only here it is read as what it
/// is. A kept draft has such a number by itself.
/// </summary>
internal static class DryRunFence
{
    /// <summary>The version as SQL, of a row of runs that is called r: what <see cref="Read"/> makes of it.</summary>
    public const string Version = "CASE WHEN r.definition_version < -1073741824 THEN r.definition_version::bigint + 2147483648 ELSE r.definition_version END";

    /// <summary>Numbers below are fenced versions; kept drafts do not get there.</summary>
    private const int Below = int.MinValue / 2;

    public static int Written(Run run) => run.IsDryRun ? Fenced(run.DefinitionVersion) : run.DefinitionVersion;

    /// <summary>The number under which a dry run of a published version is written; that of a draft stays.</summary>
    public static int Fenced(int version) => version > 0 ? version + int.MinValue : version;

    public static int Read(int written) => written < Below ? written - int.MinValue : written;
}
