using Xunit.Abstractions;

namespace Runbooks.Lab.FailureTable;

/// <summary>The failure table on real hosts, with the real server: one test per row.</summary>
/// <remarks>
/// Each part has two hosts of its own, and the parts are played at the same time: a row spends most of its time waiting for
/// what a libvirtd does by itself.
/// </remarks>
[Collection(CopyLab.Name)]
public sealed class WhileMemoryIsCopied(FailureLab lab, ITestOutputHelper output)
{
    public static TheoryData<string> Rows => [.. CopyRows.All.Select(r => r.Id)];

    [Theory]
    [MemberData(nameof(Rows))]
    public Task A_fault_ends_as_the_table_says(string row) => Played.Async(lab, CopyRows.All, row, output);
}

/// <summary>The rows around the switch-over.</summary>
[Collection(SwitchOverLab.Name)]
public sealed class AroundTheSwitchOver(FailureLab lab, ITestOutputHelper output)
{
    public static TheoryData<string> Rows => [.. SwitchOverRows.All.Select(r => r.Id)];

    [Theory]
    [MemberData(nameof(Rows))]
    public Task A_fault_ends_as_the_table_says(string row) => Played.Async(lab, SwitchOverRows.All, row, output);
}

/// <summary>The rows of post-copy.</summary>
[Collection(SwitchOverLab.Name)]
public sealed class InPostCopy(FailureLab lab, ITestOutputHelper output)
{
    public static TheoryData<string> Rows => [.. PostCopyRows.All.Select(r => r.Id)];

    [Theory]
    [MemberData(nameof(Rows))]
    public Task A_fault_ends_as_the_table_says(string row) => Played.Async(lab, PostCopyRows.All, row, output);
}

/// <summary>Hosts that answer anything.</summary>
[Collection(CopyLab.Name)]
public sealed class OnHostileHosts(FailureLab lab, ITestOutputHelper output)
{
    public static TheoryData<string> Rows => [.. HostileRows.All.Select(r => r.Id)];

    [Theory]
    [MemberData(nameof(Rows))]
    public Task A_run_ends_clearly_and_nothing_is_lost(string row) => Played.Async(lab, HostileRows.All, row, output);
}

[CollectionDefinition(Name)]
public sealed class CopyLab : ICollectionFixture<FailureLab>
{
    public const string Name = "failures of the copy";
}

[CollectionDefinition(Name)]
public sealed class SwitchOverLab : ICollectionFixture<FailureLab>
{
    public const string Name = "failures of the switch-over";
}

internal static class Played
{
    public static async Task Async(FailureLab lab, IEnumerable<FailureRow> rows, string id, ITestOutputHelper output)
    {
        var result = await lab.PlayAsync(rows.Single(r => r.Id == id));
        output.WriteLine(result.Line);
        Assert.True(result.Wrong.Count == 0, result.Line);
    }
}
