using System.Text.Json.Nodes;

namespace Runbooks.Lab.Hosts;

/// <summary>A run as the API shows it.</summary>
public sealed record SeenRun(JsonNode Detail)
{
    public string Id => Detail["run"]!["id"]!.GetValue<string>();

    public string Status => Detail["run"]!["status"]!.GetValue<string>();

    public string Reason => Detail["run"]!["reason"]?.GetValue<string>() ?? string.Empty;

    public bool HasEnded => Detail["run"]!["ended"]!.GetValue<bool>();

    /// <summary>It has ended, or only a person can say how it goes on.</summary>
    public bool IsAtRest => HasEnded || Status == "needsAttention";

    public IReadOnlyList<string> Children => [.. Detail["children"]!.AsArray().Select(c => c!["id"]!.GetValue<string>())];

    /// <summary>An input of the run.</summary>
    public string Input(string name) => Detail["run"]!["input"]![name]!.GetValue<string>();

    /// <summary>The step of an activity type has been reached.</summary>
    public bool Has(string type) => Step(type) is not null;

    /// <summary>Bytes that a migration's pre-copy has reported so far; 0 before it has.</summary>
    public long CopiedBytes => Step("Runbooks.PreCopy")?["progress"]?["sentBytes"]?.GetValue<long>() ?? 0;

    /// <summary>An output of a step, as text; empty when it has none.</summary>
    public string Output(string type, string name) => Step(type)?["outputs"]?[name]?.ToString() ?? string.Empty;

    public override string ToString() => $"run {Id}: {Status}. {Reason} {string.Join(' ', Summaries)}";

    private IEnumerable<string> Summaries =>
        Detail["steps"]!.AsArray().Select(s => s!["outputs"]?["Summary"]?.ToString()).Where(s => !string.IsNullOrEmpty(s)).Select(s => s!);

    private JsonNode? Step(string type) => Detail["steps"]!.AsArray().LastOrDefault(s => s!["type"]!.GetValue<string>() == type);
}

/// <summary>A host as the API shows it.</summary>
public sealed record SeenHost(JsonNode View)
{
    public string Mode => View["mode"]!.GetValue<string>();

    /// <summary>On, answering, and open for VMs.</summary>
    public bool IsUsable => Mode == "active" && View["reachable"]!.GetValue<bool>();

    public bool Has(string vm) => View["vms"]!.AsArray().Any(v => v!["name"]!.GetValue<string>() == vm);
}
