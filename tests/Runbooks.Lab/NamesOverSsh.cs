using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;
using Runbooks.Hypervisors.Tests.Contract;
using Runbooks.Lab.Hosts;

namespace Runbooks.Lab;

/// <summary>Words and names that try to break out of a command line, over a real connection to a real login shell.</summary>
[Collection(LabCollection.Name)]
public sealed class NamesOverSsh(LabHosts lab)
{
    private static readonly HostName Host = new("host1");

    [Fact]
    public async Task Each_word_is_refused_or_arrives_as_it_is()
    {
        var seed = Environment.TickCount;
        string[] words = [.. HostileWords.Some(seed, 600).Where(CanBeQuoted)];
        Assert.True(words.Length > 200, $"{words.Length} words; seed {seed}.");
        await using var connections = new SshConnections(Path.Combine(lab.Folder, "ssh", "config"), TimeProvider.System);
        var shell = new SshShell(Host, Host.Value, connections);

        foreach (var portion in words.Chunk(100))
        {
            var answer = await shell.RunAsync(new RemoteCommand(["printf", "%s\\0", .. portion], Effect.Reads, TimeSpan.FromSeconds(30)), CancellationToken.None);

            Assert.True(answer.IsOk, $"{answer}");
            Assert.True(portion.SequenceEqual(answer.Value.Output.Split('\0').SkipLast(1)), $"A word did not arrive as it was sent; seed {seed}.");
        }
    }

    [Fact]
    public async Task A_name_that_is_accepted_is_looked_for_as_it_is()
    {
        var seed = Environment.TickCount;
        var names = HostileWords.Some(seed, 2000).Where(n => VmName.TryParse(n, out _)).Distinct(StringComparer.Ordinal).Take(25).Select(n => new VmName(n));

        foreach (var name in names)
        {
            var seen = await lab.Fleet.Hypervisor(Host).ObserveVmAsync(name, CancellationToken.None);
            Assert.True(seen.Fault?.Kind == FaultKind.NotFound, $"'{name}': {seen}; seed {seed}.");
        }
    }

    private static bool CanBeQuoted(string word)
    {
        try
        {
            // A lone half of a surrogate pair is no text: what arrives is the replacement character, as of any program.
            return PosixQuoting.Quote(word).EnumerateRunes().All(r => r.Value != 0xFFFD);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
