namespace Runbooks.Workflows.FaultInjection;

/// <summary>How much is to go wrong in a plan that is made by chance.</summary>
public sealed record FaultRates
{
    /// <summary>Rules that let the worker die at a journal point, at most.</summary>
    public int Deaths { get; init; } = 3;

    /// <summary>Rules about effects, at most.</summary>
    public int Effects { get; init; } = 3;

    /// <summary>Rules about single calls of the store, at most.</summary>
    public int StoreCalls { get; init; } = 4;

    /// <summary>Chance with which any call of the store goes wrong, 0 to 1, in half of all plans.</summary>
    public double StoreErrors { get; init; } = 0.03;

    /// <summary>The longest delay that a rule names.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Makes a plan. The same random numbers make the same plan.</summary>
    /// <param name="random">Chance.</param>
    /// <param name="steps">Ids of activities that rules may name.</param>
    public FaultPlan Make(Random random, IReadOnlyList<string> steps)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentNullException.ThrowIfNull(steps);
        var rules = new List<FaultRule>();
        Add(Deaths, () => new FaultRule(Site(FaultSite.Claimed, FaultSite.UndoEnded), FaultAction.Die) { Skip = random.Next(40), Times = random.Next(1, 3) });
        Add(Effects, () =>
        {
            // What hangs for ever needs somebody who cancels it; that is for plans made by hand.
            var site = Site(FaultSite.Perform, FaultSite.Undo);
            return Any(site) with
            {
                Step = steps.Count > 0 && random.Next(3) > 0 ? steps[random.Next(steps.Count)] : null,
                Skip = random.Next(3),
                Times = random.Next(4) == 0 ? random.Next(2, 8) : 1,
            };
        });
        Add(StoreCalls, () => Any(Site(FaultSite.Create, FaultSite.Inbox)) with { Skip = random.Next(30), Times = random.Next(1, 4) });
        if (StoreErrors > 0 && random.Next(2) == 0)
        {
            var action = random.Next(3) switch { 0 => FaultAction.Throw, 1 => FaultAction.LoseAfter, _ => FaultAction.Conflict };
            rules.Add(new FaultRule(FaultSite.Store, action) { Times = FaultRule.Always, Chance = Math.Round(StoreErrors * (1 - random.NextDouble()), 3) + 0.001 });
        }

        return new FaultPlan(rules);

        void Add(int most, Func<FaultRule> make)
        {
            for (var i = random.Next(most + 1); i > 0; i--)
            {
                rules.Add(make());
            }
        }

        FaultSite Site(FaultSite first, FaultSite last) => (FaultSite)random.Next((int)first, (int)last + 1);

        FaultRule Any(FaultSite site)
        {
            var actions = FaultRules.Allowed(site).Where(a => a != FaultAction.Hang).ToArray();
            var action = actions[random.Next(actions.Length)];
            return new FaultRule(site, action)
            {
                Time = action == FaultAction.Delay ? TimeSpan.FromMilliseconds(random.Next(1, (int)LongestDelay.TotalMilliseconds)) : TimeSpan.Zero,
            };
        }
    }
}
