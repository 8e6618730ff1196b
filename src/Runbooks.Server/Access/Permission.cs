using Runbooks.Workflows.Operations;

namespace Runbooks.Server.Access;

/// <summary>What somebody may do to runbooks and runs. Everybody may read.</summary>
public enum Permission
{
    /// <summary>Save, import, revert and discard drafts. Roles <c>editor</c>, <c>publisher</c>.</summary>
    Edit,

    /// <summary>Publish, retract and delete. Role <c>publisher</c>.</summary>
    Publish,

    /// <summary>Start, cancel and order runs, test activities. Roles <c>operator</c>, <c>publisher</c>.</summary>
    Run,
}

/// <summary>Somebody who asks, and what they may do.</summary>
public sealed record Person(string Name, IReadOnlySet<Permission> Permissions)
{
    /// <summary>The name that they gave; null when they gave none.</summary>
    public string? GivenName => ActorName.Same(Name, ActorName.Unnamed) ? null : Name;

    public bool May(Permission permission) => Permissions.Contains(permission);

    /// <summary>For the message of a refusal.</summary>
    public string Lacks(Permission permission)
    {
        var roles = string.Join(" or ", People.RolesFor(permission).Select(r => $"'{r}'"));
        return GivenName is null
            ? $"Whoever does not say who they are may not do this: it takes the role {roles} (setting Access:People). Give your name."
            : $"{Name} may not do this: it takes the role {roles} (setting Access:People:{Name}).";
    }
}
