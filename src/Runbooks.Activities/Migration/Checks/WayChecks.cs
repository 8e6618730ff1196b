using System.Globalization;
using Runbooks.Activities.Networks;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Migration.Checks;

/// <summary>The VM can be plugged in at the destination, or what is missing will be made.</summary>
internal sealed class NetworksCheck : IMoveCheck
{
    public string Name => "networks";

    public CheckResult Judge(MoveFacts facts)
    {
        if (facts.Networks is not { IsOk: true, Value: var plan })
        {
            return this.NotSeen(facts.Networks?.Fault);
        }

        var missing = string.Join(", ", plan.ToCreate.Select(NetworkPlan.Name));
        return plan.Problems.Count > 0 ? this.Failed(string.Join(' ', plan.Problems))
            : plan.ToCreate.Count > 0 && !facts.Wishes.CreateMissingNetworks
                ? this.Failed($"{facts.Destination.Name} has no {missing}, which VM {facts.Vm.Name} needs.", "Make it there, or let it be made (input CreateMissingNetworks).")
            : plan.ToCreate.Count > 0 ? this.Ok($"To be made on {facts.Destination.Name}: {missing}.")
            : plan.Needed.Count == 0 ? this.Skipped("The VM is plugged into nothing.")
            : this.Ok($"{facts.Destination.Name} has {string.Join(", ", plan.Needed.Select(NetworkPlan.Name))}.");
    }
}

/// <summary>The source may connect to the destination: it is its libvirtd that does, with its own keys and known_hosts.</summary>
internal sealed class HostKeyCheck : IMoveCheck
{
    public string Name => "hostKeys";

    public CheckResult Judge(MoveFacts facts) => facts.Way switch
    {
        { IsOk: true, Value: { Trust: PeerTrust.Trusted } way } => this.Ok(way.Found),
        { IsOk: true, Value: { Trust: PeerTrust.NotTried } way } => this.Skipped(way.Found),
        { IsOk: true, Value: var way } => this.Failed(way.Found, way.Advice),
        var way => this.NotSeen(way?.Fault),
    };
}

/// <summary>Enough of the link between the hosts is free.</summary>
internal sealed class BandwidthCheck : IMoveCheck
{
    public string Name => "bandwidth";

    public CheckResult Judge(MoveFacts facts)
    {
        var sending = facts.Way is { IsOk: true, Value.Link: { SpeedMiBs: { } speed } link } ? speed - link.SentMiBs : (double?)null;
        var receiving = facts.Offer is { IsOk: true, Value.Link: { SpeedMiBs: { } other } end } ? other - end.ReceivedMiBs : (double?)null;
        var wanted = facts.Wishes.MinBandwidthMiBs;
        if (sending is null && receiving is null)
        {
            return this.Skipped("Neither host tells how fast its link is.");
        }

        var free = Math.Max(0, Math.Min(sending ?? double.MaxValue, receiving ?? double.MaxValue));
        var found = string.Create(CultureInfo.InvariantCulture, $"About {free:0} MiB/s are free between {facts.Source.Name} and {facts.Destination.Name}");
        return wanted <= 0 ? this.Skipped($"{found}; no threshold is set.")
            : free < wanted ? this.Failed($"{found}; at least {wanted} are asked for.", "Wait until the link is less busy, or lower the threshold (input MinBandwidthMiBs).")
            : this.Ok($"{found}; {wanted} are asked for.");
    }
}

/// <summary>A VM that has just come does not go again: moves back and forth cost more than they bring.</summary>
internal sealed class StayCheck : IMoveCheck
{
    public string Name => "stay";

    public CheckResult Judge(MoveFacts facts)
    {
        var wanted = facts.Wishes.MinStay;
        return wanted <= TimeSpan.Zero ? this.Skipped("No shortest stay is set.")
            : !facts.MovesAreRemembered ? this.Skipped("Moves are not remembered here, so it is not known when the VM came.")
            : facts.MovedAt is not { } at ? this.Ok("It was not moved, as far as is remembered.")
            : facts.Now - at < wanted
                ? this.Failed($"VM {facts.Vm.Name} was moved at {at:u}, {Words(facts.Now - at)} ago; it is to stay for {Words(wanted)}.", "Wait, or start the run with MinStay 00:00:00.")
                : this.Ok($"It was moved at {at:u}.");
    }

    private static string Words(TimeSpan span) => new TimeSpan(span.Days, span.Hours, span.Minutes, span.Seconds).ToString("c", CultureInfo.InvariantCulture);
}
