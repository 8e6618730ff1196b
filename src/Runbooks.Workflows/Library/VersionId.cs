using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Runbooks.Workflows.Library;

/// <summary>
/// The id of one version of a runbook, as Elsa's <c>id</c> beside its <c>definitionId</c>: <c>migrate-vm.3</c>. A run of a
/// draft is pinned to what the draft was at that moment, which is written as a version below zero: <c>migrate-vm.-7</c> is
/// the draft as its revision 7 left it.
/// </summary>
public readonly record struct VersionId(string DefinitionId, int Version)
{
    public bool IsDraftRevision => Version < 0;

    /// <summary>False when the text is not such an id.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out VersionId id)
    {
        var dot = text?.LastIndexOf('.') ?? -1;
        if (dot > 0 && int.TryParse(text.AsSpan(dot + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var version) && version != 0)
        {
            id = new VersionId(text![..dot], version);
            return true;
        }

        id = default;
        return false;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{DefinitionId}.{Version}");
}
