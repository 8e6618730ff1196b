namespace Runbooks.Hypervisors.Ssh;

/// <summary>How a host reaches another by ssh: the name that it uses, and the command up to what is to be run.</summary>
internal sealed record SshWay(string Host, IReadOnlyList<string> Words);
