namespace Runbooks.Storage.Model;

/// <summary>What people have done to a runbook as a whole.</summary>
internal sealed record LibraryRow(string DefinitionId, long Revision, bool IsRetracted, bool IsDeleted);

/// <summary>A draft as it was when a run was started on it; <paramref name="KeptAt"/> is when that was last the case.</summary>
internal sealed record KeptDraftRow(string DefinitionId, long Revision, string ContentHash, string Json, string ChangedBy, DateTimeOffset ChangedAt, DateTimeOffset KeptAt);
