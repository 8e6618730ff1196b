using System.Diagnostics;
using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Ssh;
using Runbooks.Hypervisors.Tests.Contract;

namespace Runbooks.Hypervisors.Tests.Ssh;

/// <summary>
/// Names of VMs, hosts and networks that try to break out of a command line: each is refused before anything is built from
/// it, or arrives as it is, at a POSIX shell's program and behind virsh's own reader of command lines.
/// </summary>
public sealed class HostileNames
{
    private const int Count = 10_000;

    [Fact]
    public void Each_name_is_refused_or_arrives_as_it_is()
    {
        var seed = Environment.TickCount;
        string[] accepted = [.. HostileWords.Some(seed, Count).Where(n => VmName.TryParse(n, out _) || HostName.TryParse(n, out _))];

        // Both ways must have been gone often enough to mean something.
        Assert.True(accepted.Length is > Count / 50 and < Count * 49 / 50, $"{accepted.Length} of {Count} were accepted; seed {seed}.");
        foreach (var portion in accepted.Chunk(500))
        {
            Assert.True(portion.SequenceEqual(ThroughShell(portion)), $"A name did not arrive as it was sent; seed {seed}.");
        }
    }

    [Fact]
    public void A_name_that_is_accepted_is_one_word_to_virsh()
    {
        var seed = Environment.TickCount;
        string[] accepted = [.. HostileWords.Some(seed, Count).Where(n => VmName.TryParse(n, out _)).Take(2000)];

        foreach (var portion in accepted.Chunk(200))
        {
            Assert.True(portion.SequenceEqual(ThroughVirsh(portion)), $"virsh did not read a name as one word; seed {seed}.");
        }
    }

    [Theory]
    [InlineData("1")]
    [InlineData("007")]
    [InlineData("a065ecfa-880d-44e5-835b-e36b5bf02518")]
    [InlineData("A065ECFA-880D-44E5-835B-E36B5BF02518")]
    [InlineData("-1")]
    [InlineData("web 1")]
    [InlineData("web;1")]
    [InlineData("web'1")]
    [InlineData("web\"1")]
    [InlineData("web1\n")]
    [InlineData("web1\0")]
    [InlineData("ＷＥＢ")]
    [InlineData("١٢")]
    [InlineData("")]
    public void What_virsh_could_take_for_something_else_is_no_name_of_a_VM(string name)
    {
        Assert.False(VmName.TryParse(name, out _));
        _ = Assert.Throws<FormatException>(() => new VmName(name));
    }

    [Fact]
    public void A_name_longer_than_63_characters_is_refused_and_one_of_63_is_not()
    {
        Assert.True(VmName.TryParse(new string('a', 63), out _));
        Assert.False(VmName.TryParse(new string('a', 64), out _));
        Assert.False(VmName.TryParse(new string('a', 1_000_000), out _));
    }

    /// <summary>What a program gets that a shell starts with these words: each argument, ended by a NUL.</summary>
    private static string[] ThroughShell(string[] words) => Run("sh", ["-c", $"printf '%s\\0' {PosixQuoting.Join(words)}"]).Split('\0')[..^1];

    /// <summary>As the driver writes names into the command line that virsh itself takes apart.</summary>
    private static string[] ThroughVirsh(string[] names) =>
        Run("virsh", ["-c", "test:///default", string.Join("; ", names.Select(n => $"echo {n}"))])
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Run(string program, string[] words)
    {
        var start = new ProcessStartInfo(program, words) { UseShellExecute = false, RedirectStandardOutput = true, StandardOutputEncoding = new UTF8Encoding(false) };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
