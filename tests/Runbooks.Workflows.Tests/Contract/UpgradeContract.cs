using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Journal;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>What a store does for servers of two versions that work side by side.</summary>
public abstract class UpgradeContract : RunStoreContract
{
    private static readonly ProductVersion Old = new(new Version(1, 9, 0));
    private static readonly ProductVersion Newer = new(new Version(1, 10, 0));

    [Fact]
    public async Task A_worker_is_not_given_what_it_leaves_to_others()
    {
        var left = NewRun("consolidate");
        var other = NewRun("migrate");
        await Runs.CreateAsync(left, None);
        await Runs.CreateAsync(other, None);
        DefinitionVersion[] except = [new("consolidate", left.DefinitionVersion), new("migrate", left.DefinitionVersion + 1)];

        Assert.Equal(other.Id, (await Runs.ClaimNextAsync("w1", Lease, except, None))?.RunId);
        Assert.Null(await Runs.ClaimNextAsync("w1", Lease, except, None));
        Assert.Equal(left.Id, (await Runs.ClaimNextAsync("w2", Lease, None))?.RunId);
    }

    [Fact]
    public async Task What_an_older_product_ships_is_not_published_over_what_a_newer_one_has_published()
    {
        var one = await PublishAsync("1", Old);
        var two = await PublishAsync("2", Newer);

        Assert.Equal(two, await PublishAsync("1", Old));
        Assert.Equal(two, await Store.Definitions.LatestAsync("d", None));
        Assert.Equal((1, 2), (one.Version, two.Version));
        Assert.Equal(3, (await PublishAsync("1", Newer)).Version);
    }

    [Fact]
    public async Task What_a_newer_product_ships_unchanged_is_its_own_from_then_on()
    {
        _ = await PublishAsync("1", Old);
        var confirmed = await PublishAsync("1", Newer);

        Assert.Equal(1, confirmed.Version);
        Assert.Equal(confirmed, await PublishAsync("2", Old));
    }

    [Fact]
    public async Task A_person_publishes_whatever_products_have_published()
    {
        _ = await PublishAsync("1", Newer);

        Assert.Equal(2, (await PublishAsync("2", null)).Version);
        Assert.Equal(2, (await PublishAsync("3", Old)).Version);

        // What a person has published is theirs; the library offers what is shipped beside it.
        Assert.Equal(2, (await PublishAsync("3", Newer)).Version);
        Assert.Equal("hash-3", Assert.Single(await Store.Library.ShippedAsync("d", None)).ContentHash);
    }

    [Fact]
    public async Task The_numbers_of_the_latest_versions_are_told_without_their_content()
    {
        _ = await PublishAsync("1", Old);
        _ = await PublishAsync("2", Old);
        _ = await Store.Definitions.PublishAsync("c", "hash", "{}", "c.json", None);

        Assert.Equal([new("c", 1), new DefinitionVersion("d", 2)], await Store.Definitions.LatestVersionsAsync(None));
    }

    private Task<StoredDefinition> PublishAsync(string content, ProductVersion? product) =>
        Store.Definitions.PublishAsync("d", $"hash-{content}", $"{{\"v\":{content}}}", "d.json", product, None);
}
