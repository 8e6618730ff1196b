namespace Runbooks.Hypervisors.Power;

/// <summary>The programs that switch one host's machine. Each list is a program and its arguments; no shell reads them.</summary>
/// <param name="Status">Prints <c>on</c> or <c>off</c>, alone or as the last word of its first line (as ipmitool does).</param>
/// <param name="On">Switches on; exit code 0 when the machine was told, or is on already.</param>
/// <param name="Off">Switches off at once; exit code 0 when it is off.</param>
/// <param name="Environment">Variables for all three, beside our own.</param>
public sealed record PowerCommands(
    IReadOnlyList<string> Status,
    IReadOnlyList<string> On,
    IReadOnlyList<string> Off,
    IReadOnlyDictionary<string, string> Environment);
