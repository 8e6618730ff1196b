using Runbooks.Activities.Migration;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Tests.Migration;

public sealed class PostCopyPatienceTests
{
    private readonly PostCopyPatience patience = new();
    private DateTimeOffset now = DateTimeOffset.UnixEpoch;

    [Fact]
    public void A_connection_that_is_held_for_alive_is_given_up_only_when_TCP_has_had_its_time()
    {
        var measures = Play(PostCopyRecovery.HeldAlive, TimeSpan.FromMinutes(10));

        var given = measures.Single(m => m.Measure == PostCopyMeasure.Break);
        Assert.InRange(given.At, PostCopyPatience.OfTcp, PostCopyPatience.OfTcp + PostCopyPatience.Pause + PostCopyPatience.Pause);
        Assert.Equal(PostCopyPatience.MaxTries, measures.Count(m => m.Measure == PostCopyMeasure.Recover && m.At > given.At));
        Assert.Equal(PostCopyMeasure.Ask, measures[^1].Measure);
    }

    [Fact]
    public void Where_no_try_is_answered_a_person_is_asked_after_eight_and_nothing_is_given_up()
    {
        var measures = Play(PostCopyRecovery.Asked, TimeSpan.FromMinutes(10));

        Assert.Equal(PostCopyPatience.MaxTries, measures.Count(m => m.Measure == PostCopyMeasure.Recover));
        Assert.DoesNotContain(measures, m => m.Measure == PostCopyMeasure.Break);
        Assert.Equal(PostCopyMeasure.Ask, measures[^1].Measure);
    }

    [Fact]
    public void Pages_that_flow_are_left_alone_and_begin_the_patience_anew()
    {
        _ = Play(PostCopyRecovery.HeldAlive, PostCopyPatience.OfTcp - TimeSpan.FromSeconds(20));

        Assert.Equal(PostCopyMeasure.Wait, patience.Next(MigrationPhase.PostCopyFailed, 2, now));
        Assert.DoesNotContain(Play(PostCopyRecovery.HeldAlive, TimeSpan.FromSeconds(60), sent: 2), m => m.Measure == PostCopyMeasure.Break);
    }

    [Fact]
    public void A_job_that_goes_on_has_all_its_tries_again()
    {
        _ = Play(PostCopyRecovery.Asked, TimeSpan.FromMinutes(10));
        _ = patience.Next(MigrationPhase.PostCopy, 2, now);

        Assert.Equal(PostCopyPatience.MaxTries, Play(PostCopyRecovery.Asked, TimeSpan.FromMinutes(10), sent: 2).Count(m => m.Measure == PostCopyMeasure.Recover));
    }

    /// <summary>Looks every second, from the loss of the connection until a person is asked.</summary>
    private List<(TimeSpan At, PostCopyMeasure Measure)> Play(PostCopyRecovery answer, TimeSpan length, long sent = 1)
    {
        var began = now;
        var measures = new List<(TimeSpan, PostCopyMeasure)>();
        for (; now - began < length; now += TimeSpan.FromSeconds(1))
        {
            var measure = patience.Next(MigrationPhase.PostCopyFailed, sent, now);
            if (measure == PostCopyMeasure.Wait)
            {
                continue;
            }

            measures.Add((now - began, measure));
            if (measure == PostCopyMeasure.Ask)
            {
                break;
            }

            if (measure == PostCopyMeasure.Recover)
            {
                patience.Answered(answer, now);
            }
        }

        return measures;
    }
}
