using Microsoft.Net.Http.Headers;

namespace Runbooks.Server.Api;

internal static class AcceptedEncodings
{
    /// <summary>Whether an answer may be packed so; a client refuses a way of packing by giving it the quality 0.</summary>
    public static bool Takes(this IList<StringWithQualityHeaderValue> accepted, string encoding) =>
        accepted.Any(a => a.Value.Equals(encoding, StringComparison.OrdinalIgnoreCase) && a.Quality is null or > 0);
}
