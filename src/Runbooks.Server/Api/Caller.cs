using Runbooks.Server.Access;
using Runbooks.Workflows.Operations;

namespace Runbooks.Server.Api;

/// <summary>
/// Who asks, and under which key: the same in every request that changes something. The name is taken as it is given,
/// because there is no sign-in yet.
/// </summary>
internal static class Caller
{
    public const string ActorHeader = "Runbooks-Actor";
    public const string KeyHeader = "Idempotency-Key";

    private const int LongestKey = 200;

    /// <summary>The field <c>actor</c>, or the header; null when neither is there.</summary>
    public static string? Actor(HttpRequest request, RequestBody body)
    {
        var header = request.Headers[ActorHeader].ToString();
        var field = body.Text("actor");
        if (header.Length > 0 && field is { Length: > 0 } && !ActorName.Same(header, field))
        {
            body.Refuse("actor", $"The field says '{field}', and the header {ActorHeader} says '{header}'. Give one, or the same.");
        }

        var name = field is { Length: > 0 } ? field : header.Length > 0 ? header : null;
        if (name is not null && (!ActorName.IsName(name) || ActorName.Same(name, ActorName.Unnamed)))
        {
            body.Refuse("actor", $"'{name}' is not a name of a person. {ActorName.Rule} '{ActorName.Unnamed}' stands for callers without one.");
        }

        return name;
    }

    /// <summary>Who asks and what they may do, where a name is not required: who the field or a header names, else the console's cookie.</summary>
    public static Person Of(HttpRequest request, RequestBody body, People people) =>
        Actor(request, body) is { } name ? people.Named(name) : people.Of(request);

    /// <summary>As <see cref="Actor"/>, and its absence is a mistake.</summary>
    public static string RequiredActor(HttpRequest request, RequestBody body)
    {
        if (Actor(request, body) is { } name)
        {
            return name;
        }

        body.Refuse("actor", $"Say who asks: in this field, or in the header {ActorHeader}.");
        return "";
    }

    /// <summary>The idempotency key; null when there is none.</summary>
    public static string? Key(HttpRequest request, RequestBody body)
    {
        var key = request.Headers[KeyHeader].ToString();
        if (key.Length > LongestKey)
        {
            body.Refuse(KeyHeader, $"It has {key.Length} characters; at most {LongestKey} are taken.");
        }

        return key.Length > 0 ? key : null;
    }
}
