using Runbooks.Hypervisors.Linux.Checks;

namespace Runbooks.Hypervisors.Tests.Linux;

public sealed class SharedLookTests
{
    private readonly SharedLook<string, int> looks = new();
    private readonly List<TaskCompletionSource<int>> asked = [];

    [Fact]
    public async Task Who_asks_while_the_question_is_on_its_way_gets_its_answer_and_who_asks_later_a_new_one()
    {
        var (first, second, other) = (Ask("a"), Ask("a"), Ask("b"));
        Assert.Equal(2, asked.Count);
        asked[0].SetResult(1);
        asked[1].SetResult(2);

        int[] answers = await Task.WhenAll(first, second, other);
        Assert.Equal([1, 1, 2], answers);

        var later = Ask("a");
        asked[2].SetResult(3);
        Assert.Equal(3, await later);
    }

    [Fact]
    public async Task One_who_gives_up_takes_the_answer_from_nobody()
    {
        using var stop = new CancellationTokenSource();
        var (first, second) = (Ask("a", stop.Token), Ask("a"));
        await stop.CancelAsync();
        asked[0].SetResult(1);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal(1, await second);
        Assert.Single(asked);
    }

    [Fact]
    public async Task A_question_that_failed_is_asked_anew()
    {
        var first = Ask("a");
        asked[0].SetException(new InvalidOperationException("gone"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => first);

        var second = Ask("a");
        asked[1].SetResult(1);
        Assert.Equal(1, await second);
    }

    private Task<int> Ask(string key, CancellationToken cancellationToken = default) => looks.AskAsync(key, LookAsync, cancellationToken);

    private Task<int> LookAsync()
    {
        asked.Add(new TaskCompletionSource<int>());
        return asked[^1].Task;
    }
}
