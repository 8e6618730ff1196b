using System.Diagnostics;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Disks;
using Runbooks.Hypervisors.Linux.Checks;
using Runbooks.Hypervisors.Processes;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Tests.Disks;

/// <summary>The real programs of a copy, between two folders of this machine, with a shell in the place of ssh.</summary>
public sealed class CopiesOnThisMachine : IDisposable
{
    private static readonly HostName A = new("a");
    private static readonly HostName B = new("b");

    private readonly string folder = Directory.CreateTempSubdirectory("rb-disks-").FullName;

    private static CancellationToken None => CancellationToken.None;

    /// <summary>Names that a command line would take apart, and formats with what tells of them.</summary>
    public static TheoryData<string> Names => ["plain.img", "two words.img", "it's $(touch pwned) `touch pwned`.img", "-rf.img", "*.img", "a\\b\"c;d&e.img", "ünïcode.img"];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_file_arrives_as_it_is_whatever_its_name(string name)
    {
        var (disks, copy) = (Disks(), Copy(name));
        await File.WriteAllBytesAsync(copy.Path, [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i % 251))]);

        Assert.True((await disks.StartCopyAsync(copy, None)).IsOk);
        await UntilAsync(async () => (await disks.LookForCopyAsync(copy, None)).Value.State == ArrivedCopy.Whole);

        Assert.Equal(await File.ReadAllBytesAsync(copy.Path), await File.ReadAllBytesAsync(copy.Target));
        var sight = (await disks.LookAsync([copy.Path, copy.Target], withChecksums: true, None)).Value.Places;
        Assert.Equal(sight[0].File!.Sha256, sight[1].File!.Sha256);
        await UntilAsync(async () => (await disks.ObserveCopyAsync(copy, None)).Value is { IsRunning: false, Problem: null });
        Assert.Equal(2, Directory.GetFileSystemEntries(Path.GetDirectoryName(copy.Target)!).Length);
        Assert.True((await disks.RemoveCopyAsync(copy, None)).IsOk);
        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(copy.Target)!));
        Assert.Empty(Directory.GetFiles(folder, "pwned", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_is_changed_on_the_way_gets_no_place()
    {
        var (disks, copy) = (Disks("tr a b | sh -c \"$1\""), Copy("disk.img"));
        await File.WriteAllTextAsync(copy.Path, new string('a', 5000));

        Assert.True((await disks.StartCopyAsync(copy, None)).IsOk);
        await UntilAsync(async () => (await disks.ObserveCopyAsync(copy, None)).Value is { IsRunning: false, Problem: not null });

        Assert.Contains("what arrived is not what was sent", (await disks.ObserveCopyAsync(copy, None)).Value.Problem, StringComparison.Ordinal);
        Assert.False(File.Exists(copy.Target));
        Assert.Equal(ArrivedCopy.Part, (await disks.LookForCopyAsync(copy, None)).Value.State);

        // The next try does not trip over what is left of this one.
        Assert.True((await Disks().StartCopyAsync(copy, None)).IsOk);
        await UntilAsync(async () => (await disks.LookForCopyAsync(copy, None)).Value.State == ArrivedCopy.Whole);
        Assert.Equal(new string('a', 5000), await File.ReadAllTextAsync(copy.Target));
    }

    [Fact]
    public async Task A_copy_is_joined_ended_and_removed_while_it_is_under_way()
    {
        var (disks, copy) = (Disks("(head -c 1000; sleep 300; cat) | sh -c \"$1\""), Copy("disk.img"));
        await File.WriteAllTextAsync(copy.Path, new string('a', 500_000));
        Assert.True((await disks.StartCopyAsync(copy, None)).IsOk);
        await UntilAsync(async () => (await disks.LookForCopyAsync(copy, None)).Value.State == ArrivedCopy.Part);
        Assert.True((await disks.ObserveCopyAsync(copy, None)).Value.IsRunning);
        Assert.True((await disks.StartCopyAsync(copy, None)).IsOk);

        Assert.True((await disks.EndCopyAsync(copy, forGood: true, None)).IsOk);

        Assert.Equal(new CopyWork(false, null), (await disks.ObserveCopyAsync(copy, None)).Value);
        Assert.True((await disks.RemoveCopyAsync(copy, None)).IsOk);
        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(copy.Target)!));
        Assert.Equal(FaultKind.Refused, (await disks.StartCopyAsync(copy, None)).Fault?.Kind);
        Assert.DoesNotContain(Process.GetProcessesByName("sleep"), p => CommandLine(p).Contains("sleep\u0000300", StringComparison.Ordinal) && CommandLine(p).Contains(folder, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_copy_ends_by_itself_after_its_limit()
    {
        var (disks, copy) = (Disks("sleep 300 | sh -c \"$1\""), Copy("disk.img") with { Limit = TimeSpan.FromSeconds(1) });
        await File.WriteAllTextAsync(copy.Path, "a");

        Assert.True((await disks.StartCopyAsync(copy, None)).IsOk);

        await UntilAsync(async () => !(await disks.ObserveCopyAsync(copy, None)).Value.IsRunning);
        Assert.False(File.Exists(copy.Target));
    }

    [Fact]
    public async Task A_place_that_is_taken_is_never_written_over()
    {
        var (disks, copy) = (Disks(), Copy("disk.img"));
        await File.WriteAllTextAsync(copy.Path, "new");
        _ = Directory.CreateDirectory(Path.GetDirectoryName(copy.Target)!);
        await File.WriteAllTextAsync(copy.Target, "old");

        Assert.True((await disks.StartCopyAsync(copy, None)).IsOk);
        await UntilAsync(async () => (await disks.ObserveCopyAsync(copy, None)).Value is { IsRunning: false, Problem: not null });

        Assert.Equal(ArrivedCopy.OtherFile, (await disks.LookForCopyAsync(copy, None)).Value.State);
        Assert.True((await disks.RemoveCopyAsync(copy, None)).IsOk);
        Assert.Equal("old", await File.ReadAllTextAsync(copy.Target));
    }

    [Fact]
    public async Task Paths_that_no_command_line_carries_are_refused()
    {
        var disks = Disks();
        Assert.Equal(FaultKind.Refused, (await disks.LookAsync(["/a\nb"], withChecksums: false, None)).Fault?.Kind);
        Assert.Equal(FaultKind.Refused, (await disks.LookAsync(["relative"], withChecksums: false, None)).Fault?.Kind);
        Assert.Equal(FaultKind.Refused, (await disks.StartCopyAsync(Copy("x") with { Target = "/a\u0001" }, None)).Fault?.Kind);
        Assert.Equal(FaultKind.Unsupported, (await disks.StartCopyAsync(Copy("x") with { Destination = new HostName("c") }, None)).Fault?.Kind);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private FileCopy Copy(string name)
    {
        _ = Directory.CreateDirectory(Path.Combine(folder, "from"));
        return new FileCopy($"test-{Guid.NewGuid():n}", Path.Combine(folder, "from", name), B, Path.Combine(folder, "to", "below", name));
    }

    /// <param name="ssh">What happens to what is sent; the program that is to get it is the first argument.</param>
    private RemoteDisks Disks(string ssh = "sh -c \"$1\"")
    {
        var shell = new LocalShell(folder);
        return new(A, ["raw", "qcow2"], shell, new PeerWays(A, shell, host => host == B ? new SshWay("b", ["sh", "-c", ssh, "ssh"]) : null));
    }

    private static string CommandLine(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline") + File.ReadAllText($"/proc/{process.Id}/environ");
        }
        catch (IOException)
        {
            return string.Empty;
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await holds())
        {
            Assert.False(limit.IsCancellationRequested, "Waited 30 s in vain.");
            await Task.Delay(20);
        }
    }

    /// <summary>Runs programs here, with a folder of its own for what a host keeps of them.</summary>
    private sealed class LocalShell(string folder) : IRemoteShell
    {
        public async Task<Result<RemoteOutput>> RunAsync(RemoteCommand command, CancellationToken cancellationToken)
        {
            var start = new ProcessStartInfo(command.Words[0]) { WorkingDirectory = folder };
            foreach (var word in command.Words.Skip(1))
            {
                start.ArgumentList.Add(word.Replace("/run/runbooks", $"{folder}/run", StringComparison.Ordinal));
            }

            start.Environment["LC_ALL"] = "C";
            start.Environment["RB_TEST"] = folder;
            var ended = await ChildProcess.RunAsync(start, command.Timeout, Descendants.Leave, TimeProvider.System, cancellationToken);
            return new RemoteOutput(ended.ExitCode ?? -1, ended.Output, ended.Errors);
        }
    }
}
