using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Journal;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Tests.Contract;

/// <summary>What a worker knows of the run that it was given as it let go of another one.</summary>
public abstract class HandOverContract : RunStoreContract
{
    [Fact]
    public async Task What_comes_with_the_next_claim_is_the_run_as_it_is_loaded_later()
    {
        var (run, claim) = await ClaimedAsync();
        var waiting = NewRun(key: "fresh", input: new JsonObject { ["Vm"] = "vm07" });
        waiting.Variables["tries"] = 3;
        _ = await Runs.CreateAsync(waiting, None);
        var wish = new ClaimWish("w1", Lease, []);
        var next = await Runs.CommitAndClaimAsync(Ended(run, claim), wish, None) ?? await Runs.ClaimNextAsync("w1", Lease, None);

        var first = await Runs.LoadAsync(next!, None);
        var again = await Runs.LoadAsync(next!, None);

        Assert.Equal(JsonSerializer.Serialize(again.Run), JsonSerializer.Serialize(first.Run));
        Assert.Equal("vm07", (string?)first.Run.Input["Vm"]);
        Assert.Empty(first.Executions);
        Assert.Empty(first.Bookmarks);
        Assert.Empty(first.Stimuli);
        Assert.InRange(again.Now - first.Now, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task What_is_sent_between_the_claim_and_the_load_is_loaded()
    {
        var (run, claim) = await ClaimedAsync();
        var waiting = NewRun();
        _ = await Runs.CreateAsync(waiting, None);
        var next = await Runs.CommitAndClaimAsync(Ended(run, claim), new ClaimWish("w1", Lease, []), None) ?? await Runs.ClaimNextAsync("w1", Lease, None);
        Assert.True(await Runs.SendAsync(NewStimulus(waiting.Id, "before the load", StimulusKind.Cancel), None));

        Assert.Equal(["before the load"], (await Runs.LoadAsync(next!, None)).Stimuli.Select(s => s.Id));
    }

    [Fact]
    public async Task A_run_that_has_begun_is_handed_over_with_its_steps()
    {
        var (run, claim) = await ClaimedAsync();
        run.NextExecutionNumber = 2;
        await Runs.CommitAsync(new RunCommit(run, claim) { Executions = [NewStep(1)] }, None);
        Assert.True(await Runs.SendAsync(NewStimulus(run.Id, "now"), None));
        run.Status = RunStatus.Suspended;

        var next = await Runs.CommitAndClaimAsync(new RunCommit(run, claim) { ReleaseLease = true }, new ClaimWish("w1", Lease, []), None)
            ?? await Runs.ClaimNextAsync("w1", Lease, None);

        var loaded = await Runs.LoadAsync(next!, None);
        Assert.Equal([1L], loaded.Executions.Select(e => e.Number));
        Assert.Equal(["now"], loaded.Stimuli.Select(s => s.Id));
    }

    private static RunCommit Ended(Run run, RunClaim claim)
    {
        run.Status = RunStatus.Finished;
        return new RunCommit(run, claim) { ReleaseLease = true };
    }
}
