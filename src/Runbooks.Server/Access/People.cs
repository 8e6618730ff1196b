using Runbooks.Workflows.Operations;

namespace Runbooks.Server.Access;

/// <summary>
/// Finds out who asks. The name comes from the header <c>Runbooks-Actor</c>, from <c>Authorization: Bearer NAME</c> (what
/// the designer sends), from <c>access_token</c> of a hub's URL, or from the console's cookie; it is believed, as long as
/// there is no sign-in. When nobody has a role, everybody may do everything.
/// </summary>
public sealed class People(AccessOptions options)
{
    public const string Cookie = "runbooks-actor";

    private const string Bearer = "Bearer ";

    private static readonly IReadOnlySet<Permission> All = new HashSet<Permission>(Enum.GetValues<Permission>());

    /// <summary>Roles that give a permission, in lower case.</summary>
    public static IReadOnlyList<string> RolesFor(Permission permission) => permission switch
    {
        Permission.Edit => ["editor", "publisher"],
        Permission.Publish => ["publisher"],
        _ => ["operator", "publisher"],
    };

    public Person Of(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        string?[] said =
        [
            request.Headers["Runbooks-Actor"].ToString(),
            request.Headers.Authorization.ToString() is var header && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : null,
            request.Query["access_token"].ToString(),
            request.Cookies[Cookie],
        ];
        return Named(Array.Find(said, ActorName.IsName) ?? ActorName.Unnamed);
    }

    public Person Named(string name)
    {
        if (options.People.Count == 0)
        {
            return new Person(name, All);
        }

        var roles = options.RolesOf(name);
        return new Person(name, new HashSet<Permission>(Enum.GetValues<Permission>().Where(p => RolesFor(p).Intersect(roles, StringComparer.OrdinalIgnoreCase).Any())));
    }
}
