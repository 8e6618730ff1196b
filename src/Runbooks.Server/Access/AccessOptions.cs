using Runbooks.Workflows.Operations;

namespace Runbooks.Server.Access;

/// <summary>
/// Who has which role. Section <c>Access</c>. A name is what a caller says it is: as long as there is no sign-in, roles
/// keep honest people from mistakes and nobody else from anything.
/// </summary>
/// <param name="People">Roles by name; names and roles are compared without regard to case.</param>
public sealed record AccessOptions(IReadOnlyDictionary<string, IReadOnlyList<string>> People)
{
    public const string Section = "Access";

    private const string PeopleKey = "People";

    public static AccessOptions Nobody { get; } = new(new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase));

    /// <summary>Reads <c>Access:People</c>, such as <c>{ "anna": ["operator", "approver"] }</c>, and says what is wrong with it.</summary>
    public static AccessOptions Read(IConfiguration configuration, List<string> problems)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(problems);
        foreach (var key in configuration.GetSection(Section).GetChildren().Select(c => c.Key).Where(k => !string.Equals(k, PeopleKey, StringComparison.OrdinalIgnoreCase)))
        {
            problems.Add($"{Section}:{key} is not a setting. Known in this section: {PeopleKey}.");
        }

        var people = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);
        foreach (var person in configuration.GetSection($"{Section}:{PeopleKey}").GetChildren())
        {
            var where = $"{Section}:{PeopleKey}:{person.Key}";
            if (!ActorName.IsName(person.Key) || ActorName.Same(person.Key, ActorName.Unnamed))
            {
                problems.Add($"{where}: '{person.Key}' is not a name of a person. {ActorName.Rule} '{ActorName.Unnamed}' stands for callers without one.");
            }

            var roles = person.GetChildren().Select(r => r.Value ?? "").ToArray();
            if (person.Value is not null || roles.Length == 0)
            {
                problems.Add($"{where} is {(person.Value is { Length: > 0 } text ? $"'{text}'" : "empty")}; it is a list of roles, such as [\"approver\"].");
            }
            else if (Array.Find(roles, r => !IsRole(r)) is { } wrong)
            {
                problems.Add($"{where} holds role '{wrong}'; a role has 1 to 50 letters, digits and hyphens.");
            }

            people[person.Key] = roles;
        }

        return new AccessOptions(people);
    }

    public IReadOnlyList<string> RolesOf(string name) => People.TryGetValue(name, out var roles) ? roles : [];

    /// <summary>Everybody who has one of the roles, in order of their names.</summary>
    public IReadOnlyList<string> WithAnyOf(IReadOnlyList<string> roles) =>
        [.. People.Where(p => p.Value.Any(r => roles.Contains(r, StringComparer.OrdinalIgnoreCase))).Select(p => p.Key).Order(StringComparer.OrdinalIgnoreCase)];

    private static bool IsRole(string text) => text is { Length: >= 1 and <= 50 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
