using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Linux.Checks;

/// <summary>The SSH connection that one host opens to another, made by hand and judged.</summary>
internal static class PeerSsh
{
    /// <summary>What libvirt would run for a migration URI up to the program there, with nobody to be asked; null when the URI does not go by ssh.</summary>
    public static SshWay? Way(string migrationUri)
    {
        if (!Uri.TryCreate(migrationUri, UriKind.Absolute, out var uri) || !uri.Scheme.EndsWith("+ssh", StringComparison.Ordinal) || uri.Host.Length == 0)
        {
            return null;
        }

        var options = uri.Query.TrimStart('?').Split('&').Select(o => o.Split('=', 2)).Where(o => o.Length == 2)
            .ToLookup(o => o[0], o => Uri.UnescapeDataString(o[1]), StringComparer.Ordinal);
        var host = uri.IdnHost;
        string[] user = uri.UserInfo.Length > 0 ? ["-l", Uri.UnescapeDataString(uri.UserInfo)] : [];
        string[] port = uri.Port > 0 ? ["-p", $"{uri.Port}"] : [];
        string[] key = options["keyfile"].FirstOrDefault() is { } file ? ["-i", file] : [];
        string[] verify = options["no_verify"].FirstOrDefault() == "1" ? ["-o", "StrictHostKeyChecking=no"] : [];
        return new SshWay(host, [options["command"].FirstOrDefault() ?? "ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "UpdateHostKeys=no", .. user, .. port, .. key, .. verify, "--", host]);
    }

    public static PeerWay Judge(HostName from, HostName to, string target, IReadOnlyList<string> lines, HostLink? link)
    {
        var end = lines.FirstOrDefault(l => l.StartsWith("rc ", StringComparison.Ordinal)) ?? string.Empty;
        var said = string.Join('\n', lines.TakeWhile(l => !l.StartsWith("rc ", StringComparison.Ordinal)));
        var file = lines.FirstOrDefault(l => l.StartsWith("file ", StringComparison.Ordinal))?["file ".Length..] ?? "known_hosts";
        const string compare = "compare the fingerprint on its own console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)";
        return end switch
        {
            "rc 0" => new(PeerTrust.Trusted, $"{from} may connect to {to}.", null, link),
            "rc other-user" => new(PeerTrust.NotTried, $"We do not log in to {from} as root, and it is root there that connects.", null, link),
            _ when said.Contains("HOST IDENTIFICATION HAS CHANGED", StringComparison.Ordinal) => new(
                PeerTrust.KeyRejected,
                $"The SSH host key of {to} is not the one that {from} has in {file}.",
                $"Either {to} was installed anew or somebody is in between: {compare}. If it is right, on {from}: ssh-keygen -f {file} -R {target}, and enrol the new key there.",
                link),
            _ when said.Contains("Host key verification failed", StringComparison.Ordinal) => new(
                PeerTrust.KeyRejected,
                $"{from} does not know the SSH host key of {to}.",
                $"On {from}: get the key with ssh-keyscan {target}, {compare}, and add it to {file}. {from} itself makes the connection, so our own known_hosts does not count.",
                link),
            _ when said.Contains("Permission denied", StringComparison.Ordinal) => new(
                PeerTrust.NoAccess,
                $"{to} does not accept the SSH key of {from}: {Last(said)}",
                $"Add the public key of root on {from} to authorized_keys on {to}.",
                link),
            "rc 255" => new(PeerTrust.NoAnswer, $"{from} gets no SSH connection to {to}: {Last(said)}", $"See that {target} can be reached from {from}: its name, the network between them, and sshd.", link),
            _ => new(PeerTrust.NotTried, $"It could not be found out whether {from} may connect to {to}: {Last(said)}", null, link),
        };
    }

    private static string Last(string said) => said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "no reason was given";
}
