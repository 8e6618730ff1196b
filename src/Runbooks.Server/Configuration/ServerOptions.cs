using System.Net;

namespace Runbooks.Server.Configuration;

/// <summary>Where the server listens. Section <c>Server</c>.</summary>
public sealed class ServerOptions
{
    public const string Section = "Server";

    /// <summary>Addresses, separated by semicolons. Default: only this machine, because there is no login yet.</summary>
    public string Urls { get; set; } = "http://127.0.0.1:5080";

    /// <summary>Allows an address that other machines can reach. Whoever reaches it may do everything.</summary>
    public bool AllowRemote { get; set; }

    public IReadOnlyList<string> UrlList => Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public void Check(List<string> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        if (UrlList.Count == 0)
        {
            problems.Add("Server:Urls is empty; give one address, such as http://127.0.0.1:5080.");
        }

        foreach (var text in UrlList)
        {
            if (!Uri.TryCreate(text.Replace("*", "0.0.0.0", StringComparison.Ordinal).Replace("+", "0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var url)
                || url.Scheme is not ("http" or "https"))
            {
                problems.Add($"Server:Urls holds '{text}', which is not an address; write it like http://127.0.0.1:5080.");
            }
            else if (!AllowRemote && !IsLoopback(url))
            {
                problems.Add($"Server:Urls holds '{text}', which other machines can reach, and this version has no login. Use 127.0.0.1 (and a tunnel), or set Server:AllowRemote=true if the network itself keeps others out.");
            }
        }
    }

    private static bool IsLoopback(Uri url) =>
        string.Equals(url.Host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
