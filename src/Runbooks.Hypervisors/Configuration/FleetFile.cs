using System.Text.Json;
using Runbooks.Fleet.Migrations.Turns;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt;
using Runbooks.Hypervisors.Power;
using Runbooks.Hypervisors.Xen;

namespace Runbooks.Hypervisors.Configuration;

/// <summary>
/// The fleet file: which hosts there are and how to reach and switch them. It comes from an operator's editor, so a bad
/// one is answered with all its problems at once, each with its host and field.
/// </summary>
/// <param name="Configuration">What it says; null when it has problems.</param>
/// <param name="Problems">What is wrong, one sentence each.</param>
public sealed record FleetFile(FleetConfiguration? Configuration, IReadOnlyList<string> Problems)
{
    private const int MostHosts = 100_000;

    private const int MostMbit = 10_000_000;

    /// <summary>Memory that 1 Mbit/s carries, MiB/s: frames and TCP take one part in twenty.</summary>
    private const double MiBsPerMbit = 0.95 * 1_000_000 / 8 / 1_048_576;

    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Reads a file; one that is not there or cannot be read is a problem like others.</summary>
    public static FleetFile Load(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new FleetFile(null, [$"The fleet file '{path}' cannot be read: {e.Message}"]);
        }
    }

    public static FleetFile Parse(string json)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, Lenient);
        }
        catch (JsonException e)
        {
            return new FleetFile(null, [$"the file: is not JSON: {e.Message}"]);
        }

        using (document)
        {
            var problems = new List<string>();
            var configuration = Read(new JsonFields(document.RootElement, string.Empty, problems), problems);
            return problems.Count == 0 ? new FleetFile(configuration, []) : new FleetFile(null, problems);
        }
    }

    private static FleetConfiguration Read(JsonFields file, List<string> problems)
    {
        var driver = ReadDriver(file, file.Required("driver"));

        var sshConfig = file.Text(file.Optional("sshConfig"), "sshConfig");
        if (sshConfig is not null && !Path.IsPathFullyQualified(sshConfig))
        {
            file.Problem("sshConfig", $"must be an absolute path, found '{sshConfig}'");
        }

        var check = file.Optional("unsafeMigration") switch
        {
            null => StorageCheck.Strict,
            { ValueKind: JsonValueKind.True } => StorageCheck.Unsafe,
            { ValueKind: JsonValueKind.False } => StorageCheck.Strict,
            _ => Wrong(),
        };

        var links = ReadLinks(file, problems);
        var hosts = new List<FleetFileHost>();
        if (file.Required("hosts") is { } list)
        {
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > MostHosts)
            {
                file.Problem("hosts", $"must be a list of 1 to {MostHosts} hosts");
            }
            else
            {
                hosts.AddRange(list.EnumerateArray()
                    .Select((element, i) => ReadHost(element, i, driver, check, links, problems))
                    .OfType<FleetFileHost>());
            }
        }

        foreach (var twice in hosts.GroupBy(h => h.Entry.Name).Where(g => g.Count() > 1))
        {
            file.Problem("hosts", $"the name '{twice.Key}' is used {twice.Count()} times");
        }

        file.RefuseUnknown();
        return new FleetConfiguration(sshConfig, hosts);

        StorageCheck Wrong()
        {
            file.Problem("unsafeMigration", "must be true or false");
            return StorageCheck.Strict;
        }
    }

    private static FleetFileHost? ReadHost(JsonElement element, int index, HypervisorKind usual, StorageCheck check, Dictionary<string, PathLink> links, List<string> problems)
    {
        var name = element.ValueKind == JsonValueKind.Object && element.TryGetProperty("name", out var given) ? given.ToString() : string.Empty;
        var before = problems.Count;
        var host = new JsonFields(element, name.Length == 0 ? $"hosts[{index}]" : $"hosts[{index}] ({name})", problems);

        var text = host.Text(host.Required("name"), "name");
        if (!HostName.TryParse(text, out var hostName) && text is not null)
        {
            host.Problem("name", $"'{text}' is not a host name: 1 to 63 letters, digits, '.', '_', '+' or '-', starting with a letter or digit");
        }

        var pool = host.Text(host.Optional("pool"), "pool") ?? "default";
        var priority = host.Number(host.Optional("priority"), "priority", 0, int.MaxValue) ?? 0;
        var ssh = Word(host, "ssh", host.Text(host.Optional("ssh"), "ssh") ?? text);
        var kind = host.Optional("driver") is { } own ? ReadDriver(host, own) : usual;
        var memory = host.Number(host.Optional("memoryMiB"), "memoryMiB", 1, int.MaxValue);
        var cpus = host.Number(host.Optional("cpus"), "cpus", 1, 65_536);
        var network = host.Number(host.Optional("networkMbit"), "networkMbit", 1, MostMbit);
        PathLink? link = null;
        if (host.Text(host.Optional("link"), "link") is { } linkName && !links.TryGetValue(linkName, out link))
        {
            host.Problem("link", $"there is no link '{linkName}' among the file's 'links'");
        }

        var power = host.Optional("power") is { } commands ? ReadPower(commands, $"hosts[{index}] ({name}).power", problems) : null;
        var found = new FleetFileHost(new HostEntry(hostName, pool, priority) { Hypervisor = kind, NetworkMiBs = network * MiBsPerMbit, Link = link }, power);
        found = kind == HypervisorKind.Xen
            ? found with { Xen = new XenHost(hostName, ssh!, MigrationHost(host, ssh)!, Definitions(host), memory, cpus) }
            : found with { Libvirt = new LibvirtHost(hostName, ssh!, MigrationUri(host, ssh)!, check, memory, cpus) { DomainType = DomainType(host) } };
        host.RefuseUnknown();
        return problems.Count == before ? found : null;
    }

    private static HypervisorKind ReadDriver(JsonFields fields, JsonElement? value)
    {
        switch (fields.Text(value, "driver"))
        {
            case "xen":
                return HypervisorKind.Xen;
            case null or "libvirt":
                return HypervisorKind.Kvm;
            case var unknown:
                fields.Problem("driver", $"'{unknown}' is not a known driver; known are libvirt and xen");
                return HypervisorKind.Kvm;
        }
    }

    private static string? MigrationUri(JsonFields host, string? ssh) =>
        Word(host, "migrationUri", host.Text(host.Optional("migrationUri"), "migrationUri") ?? $"qemu+ssh://{ssh}/system");

    private static string? DomainType(JsonFields host)
    {
        var value = host.Text(host.Optional("domainType"), "domainType");
        if (value is not (null or "kvm" or "qemu"))
        {
            host.Problem("domainType", $"'{value}' is not known; known are kvm and qemu");
        }

        return value;
    }

    /// <summary>xl gives this word to a shell on the source, so it may hold nothing that a shell knows.</summary>
    private static string? MigrationHost(JsonFields host, string? ssh)
    {
        var value = Word(host, "migrationHost", host.Text(host.Optional("migrationHost"), "migrationHost") ?? ssh);
        if (value is not null && !value.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '@' or ':'))
        {
            host.Problem("migrationHost", $"must be of letters, digits, '.', '_', '-', '@' and ':', found '{value}'");
        }

        return value;
    }

    private static string Definitions(JsonFields host)
    {
        var folder = host.Text(host.Optional("definitions"), "definitions") ?? XenHost.UsualDefinitions;
        if (folder[0] != '/' || folder.Any(char.IsWhiteSpace))
        {
            host.Problem("definitions", $"must be an absolute path on the host without spaces, found '{folder}'");
        }

        return folder.TrimEnd('/');
    }

    /// <summary>Links that several hosts share, with what they carry.</summary>
    private static Dictionary<string, PathLink> ReadLinks(JsonFields file, List<string> problems)
    {
        var links = new Dictionary<string, PathLink>(StringComparer.Ordinal);
        if (file.Optional("links") is not { } given)
        {
            return links;
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            file.Problem("links", "must be an object: the name of each link, and what it carries in Mbit/s");
            return links;
        }

        var fields = new JsonFields(given, "links", problems);
        foreach (var name in given.EnumerateObject().Select(l => l.Name))
        {
            links[name] = new PathLink(name, (fields.Number(fields.Required(name), name, 1, MostMbit) ?? 1) * MiBsPerMbit);
        }

        return links;
    }

    /// <summary>A word for a command line: it must not be able to pass for an option or for two words.</summary>
    private static string? Word(JsonFields host, string field, string? value)
    {
        if (value is not null && (value[0] == '-' || value.Any(char.IsWhiteSpace)))
        {
            host.Problem(field, $"must not start with '-' or hold a space, found '{value}'");
        }

        return value;
    }

    private static PowerCommands ReadPower(JsonElement element, string place, List<string> problems)
    {
        var power = new JsonFields(element, place, problems);
        var commands = new PowerCommands(power.Command("status"), power.Command("on"), power.Command("off"), ReadEnvironment(power));
        power.RefuseUnknown();
        return commands;
    }

    private static Dictionary<string, string> ReadEnvironment(JsonFields power)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        if (power.Optional("environment") is not { } given)
        {
            return environment;
        }

        if (given.ValueKind != JsonValueKind.Object)
        {
            power.Problem("environment", "must be an object of texts");
            return environment;
        }

        foreach (var variable in given.EnumerateObject())
        {
            environment[variable.Name] = power.Text(variable.Value, $"environment.{variable.Name}") ?? string.Empty;
        }

        return environment;
    }
}
