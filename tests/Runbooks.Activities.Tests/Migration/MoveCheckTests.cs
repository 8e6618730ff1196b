using Runbooks.Activities.Migration.Checks;
using Runbooks.Activities.Networks;
using Runbooks.Fleet.Model;
using Runbooks.Fleet.Reservations;
using Runbooks.Hypervisors.Contract;

namespace Runbooks.Activities.Tests.Migration;

/// <summary>Each check before a migration: what it lets pass, what it refuses and in which words, and what it does not know.</summary>
public sealed class MoveCheckTests
{
    private const CheckOutcome Ok = CheckOutcome.Ok;
    private const CheckOutcome Skipped = CheckOutcome.Skipped;
    private const CheckOutcome Failed = CheckOutcome.Failed;

    private static readonly DateTimeOffset Noon = new(2030, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly HostEntry Source = new(new HostName("h1"), "p", 1);
    private static readonly HostEntry Destination = new(new HostName("h2"), "p", 1);
    private static readonly HypervisorFault Silent = new(FaultKind.Unreachable, Destination.Name, "It does not answer.");
    private static readonly HostNetwork Bridge = new(NetworkKind.Bridge, "br7", 7, "eth1");
    private static readonly VmDisk Disk = new("/images/web", new FileSight(11, 1000));
    private static readonly MoveFacts Plain = new(Vm("web"), Source, Destination, new MoveWishes(0, TimeSpan.Zero, true))
    {
        CanMigrateLive = true,
        AtDestination = Host(),
        Reserved = [],
        Needs = new VmNeeds("v2", [Disk]),
        Offer = new HostOffer(CpuFit.Fits, "It can.", [Disk], new HostLink("eth0", 100, 0, 30)),
        Way = new PeerWay(PeerTrust.Trusted, "It may.", null, new HostLink("eth0", 100, 20, 0)),
        Networks = new NetworkPlan([Bridge], [], []),
        MovesAreRemembered = true,
        Now = Noon,
    };

    /// <summary>Check, what is seen, how it ends, and words that it says.</summary>
    private static readonly (string Check, string Case, MoveFacts Facts, CheckOutcome Outcome, string[] Says)[] All =
    [
        ("pool", "one pool", Plain, Ok, ["pool 'p'"]),
        ("pool", "two pools", Plain with { Destination = Destination with { Pool = "q" } }, Failed, ["pool 'p'", "h2 in pool 'q'"]),
        ("pool", "two hypervisors", Plain with { Destination = Destination with { Hypervisor = HypervisorKind.Xen } }, Failed, ["can't change its hypervisor", "Choose a host of"]),
        ("pool", "a source that can't", Plain with { CanMigrateLive = false }, Failed, ["h1 can't migrate running VMs"]),
        ("leftovers", "nothing there", Plain, Ok, ["h2 has no VM"]),
        ("leftovers", "others there", Plain with { AtDestination = Host(Vm("db")) }, Ok, []),
        ("leftovers", "a VM of that name", Plain with { AtDestination = Host(Vm("web", VmState.ShutOff)) }, Failed, ["h2 already has a VM web (ShutOff", "undefine it there"]),
        ("leftovers", "no answer", Plain with { AtDestination = Silent }, Failed, ["can't be asked", "does not answer"]),
        ("room", "exactly enough", Plain with { AtDestination = Host(Vm("db", memory: 3_072)) }, Ok, ["1024 MiB are free", "1024 MiB are needed"]),
        ("room", "1 MiB too little", Plain with { AtDestination = Host(Vm("db", memory: 3_073)) }, Failed, ["h2 has 1023 MiB free", "needs 1024 MiB"]),
        ("room", "paused VMs hold theirs", Plain with { AtDestination = Host(Vm("db", VmState.Paused, 3_073)) }, Failed, []),
        ("room", "VMs that are off hold nothing", Plain with { AtDestination = Host(Vm("db", VmState.ShutOff, 4_096)) }, Ok, []),
        ("room", "reserved for another", Plain with { Reserved = [Reserved("db", 3_073)] }, Failed, ["3073 MiB of it reserved for db"]),
        ("room", "reserved for one that has arrived", Plain with { Reserved = [Reserved("db", 3_072)], AtDestination = Host(Vm("db", memory: 3_072)) }, Ok, []),
        ("room", "no answer", Plain with { AtDestination = Silent }, Skipped, ["does not answer"]),
        ("cpu", "it fits", Plain, Ok, ["It can."]),
        ("cpu", "it does not", WithOffer(o => o with { Cpu = CpuFit.DoesNotFit, CpuWords = "No avx." }), Failed, ["CPU of h2 is not enough for VM web", "No avx.", "restart it"]),
        ("cpu", "no CPU is named", WithOffer(o => o with { Cpu = CpuFit.DoesNotFit }) with { Needs = new VmNeeds(null, []) }, Skipped, ["whatever CPU"]),
        ("cpu", "it can't compare", WithOffer(o => o with { Cpu = CpuFit.NotKnown, CpuWords = "No model." }), Skipped, ["can't compare CPUs: No model."]),
        ("cpu", "no answer", Plain with { Offer = Silent }, Skipped, ["does not answer"]),
        ("cpu", "nobody to ask", Plain with { Needs = null, Offer = null }, Skipped, ["can't be asked"]),
        ("storage", "the same", Plain, Ok, ["h2 sees the same disk"]),
        ("storage", "it has grown meanwhile", WithOffer(o => o with { Disks = [Seen(11, 5_000)] }), Ok, []),
        ("storage", "far too large", WithOffer(o => o with { Disks = [Seen(11, 1L << 30)] }), Failed, ["is not the file that VM web uses on h1"]),
        ("storage", "another inode", WithOffer(o => o with { Disks = [Seen(12, 1_000)] }), Failed, ["/images/web on h2", "inode 11", "inode 12", "Mount the same storage"]),
        ("storage", "missing", WithOffer(o => o with { Disks = [] }), Failed, ["h2 does not have /images/web", "Mount the storage there"]),
        ("storage", "not to be read", WithOffer(o => o with { Disks = [Disk with { Seen = null }] }), Failed, ["or can't read it"]),
        ("storage", "not to be read at the source", Plain with { Needs = new VmNeeds("v2", [Disk with { Seen = null }]) }, Skipped, ["h1 can't read its own disks"]),
        ("storage", "no disk", Plain with { Needs = new VmNeeds("v2", []) }, Skipped, ["no disk"]),
        ("storage", "no answer", Plain with { Offer = Silent }, Skipped, ["does not answer"]),
        ("networks", "all there", Plain, Ok, ["h2 has bridge 'br7'"]),
        ("networks", "to be made", Plain with { Networks = new NetworkPlan([Bridge], [Bridge], []) }, Ok, ["To be made on h2: bridge 'br7'"]),
        ("networks", "not to be made", Plain with { Networks = new NetworkPlan([Bridge], [Bridge], []), Wishes = new MoveWishes(0, TimeSpan.Zero, false) }, Failed, ["h2 has no bridge 'br7', which VM web needs", "CreateMissingNetworks"]),
        ("networks", "can't be made", Plain with { Networks = new NetworkPlan([Bridge], [Bridge], ["Two VLANs."]) }, Failed, ["Two VLANs."]),
        ("networks", "plugged into nothing", Plain with { Networks = new NetworkPlan([], [], []) }, Skipped, ["plugged into nothing"]),
        ("networks", "no answer", Plain with { Networks = Silent }, Skipped, ["does not answer"]),
        ("hostKeys", "trusted", Plain, Ok, ["It may."]),
        ("hostKeys", "another key", Plain with { Way = Way(PeerTrust.KeyRejected) }, Failed, ["Found.", "Do."]),
        ("hostKeys", "not let in", Plain with { Way = Way(PeerTrust.NoAccess) }, Failed, []),
        ("hostKeys", "no connection", Plain with { Way = Way(PeerTrust.NoAnswer) }, Failed, []),
        ("hostKeys", "not tried", Plain with { Way = Way(PeerTrust.NotTried) }, Skipped, ["Found."]),
        ("hostKeys", "no answer", Plain with { Way = Silent }, Skipped, ["does not answer"]),
        ("bandwidth", "nothing asked for", Plain, Skipped, ["70 MiB/s", "no threshold"]),
        ("bandwidth", "exactly enough at the busier end", Wants(70), Ok, ["About 70 MiB/s are free between h1 and h2"]),
        ("bandwidth", "too little at the busier end", Wants(71), Failed, ["70 MiB/s", "at least 71", "MinBandwidthMiBs"]),
        ("bandwidth", "only the source tells", Wants(80) with { Offer = Silent }, Ok, ["About 80"]),
        ("bandwidth", "nobody tells", Wants(80) with { Offer = Silent, Way = Silent }, Skipped, ["Neither host tells"]),
        ("stay", "nothing asked for", Plain with { MovedAt = Noon }, Skipped, ["No shortest stay"]),
        ("stay", "long enough", Stays(30, 30), Ok, ["It was moved at 2030-06-01 11:30:00Z"]),
        ("stay", "too short", Stays(31, 30), Failed, ["00:30:00 ago", "to stay for 00:31:00", "MinStay 00:00:00"]),
        ("stay", "never moved", Stays(30, 30) with { MovedAt = null }, Ok, ["as far as is remembered"]),
        ("stay", "moves are not remembered", Stays(31, 30) with { MovesAreRemembered = false }, Skipped, ["not remembered"]),
    ];

    public static TheoryData<string> Cases => [.. All.Select(c => $"{c.Check}: {c.Case}")];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_check_decides(string named)
    {
        var (check, _, facts, outcome, says) = All.Single(c => $"{c.Check}: {c.Case}" == named);

        var result = MoveChecking.Judge(facts).Single(r => r.Name == check);

        Assert.True(outcome == result.Outcome, $"{result.Outcome}: {result}");
        Assert.All(says, words => Assert.Contains(words, result.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Every_check_passes_refuses_and_skips_where_it_can()
    {
        string[] always = ["pool", "leftovers"];

        Assert.Equal(MoveChecking.Names.Order(), All.Select(c => c.Check).Distinct().Order());
        Assert.All(All.GroupBy(c => c.Check), check => Assert.Equal(always.Contains(check.Key) ? [Ok, Failed] : [Ok, Skipped, Failed], check.Select(c => c.Outcome).Distinct().Order()));
    }

    private static VmObservation Vm(string name, VmState state = VmState.Running, int memory = 1_024) =>
        new(Noon, new VmName(name), Guid.Empty, state, "booted", true, 1, memory, TimeSpan.Zero, null);

    private static HostObservation Host(params VmObservation[] vms) => new(Noon, 8, 4_096, 4_096, TimeSpan.Zero, TimeSpan.Zero, vms);

    private static Reservation Reserved(string vm, int memory) => new(new VmName(vm), new HostName("h3"), Destination.Name, memory, 1, "run", 1, Noon);

    private static MoveFacts WithOffer(Func<HostOffer, HostOffer> change) => Plain with { Offer = change(Plain.Offer!.Value) };

    private static VmDisk Seen(long inode, long bytes) => Disk with { Seen = new FileSight(inode, bytes) };

    private static PeerWay Way(PeerTrust trust) => new(trust, "Found.", "Do.", null);

    private static MoveFacts Wants(int bandwidth) => Plain with { Wishes = new MoveWishes(bandwidth, TimeSpan.Zero, true) };

    private static MoveFacts Stays(int wantedMinutes, int sinceMinutes) =>
        Plain with { Wishes = new MoveWishes(0, TimeSpan.FromMinutes(wantedMinutes), true), MovedAt = Noon - TimeSpan.FromMinutes(sinceMinutes) };
}
