using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Libvirt;
using Runbooks.Hypervisors.Libvirt.Answers;
using Runbooks.Hypervisors.Ssh;

namespace Runbooks.Hypervisors.Tests.Libvirt;

/// <summary>What the libvirt driver makes of sizes, and of requests to change them that go wrong.</summary>
public sealed class ScalingOfLibvirt
{
    private static readonly HostName Host = new("host1");
    private static readonly VmName Vm = new("web1");
    private static readonly HypervisorFault Lost = new(FaultKind.UnknownOutcome, Host, "lost");
    private static readonly RemoteOutput TimedOut = new(1, "", "error: Timed out during operation: vcpu unplug request timed out. Unplug result must be manually inspected in the domain\n");

    private readonly World world = new();

    [Fact]
    public async Task What_a_guest_uses_counts_its_kernel()
    {
        // Figures of a real guest: available leaves 37 MiB out that belong to its kernel.
        world.Balloon = "balloon.current=131072\nballoon.maximum=196608\nballoon.unused=57000\nballoon.usable=63204\nballoon.available=91792\nballoon.last-update=1795285117\n";

        Assert.Equal(67, (await LookAsync()).MemoryUsedMiB);
    }

    [Theory]
    [InlineData("balloon.current=131072\nballoon.maximum=196608\n")]
    [InlineData("balloon.current=131072\nballoon.maximum=196608\nballoon.usable=63204\nballoon.last-update=0\n")]
    [InlineData("balloon.current=131072\nballoon.maximum=196608\nballoon.usable=163204\nballoon.last-update=1795285117\n")]
    public async Task What_a_guest_does_not_tell_or_tells_without_sense_is_not_known(string balloon)
    {
        world.Balloon = balloon;

        Assert.Null((await LookAsync()).MemoryUsedMiB);
    }

    [Fact]
    public async Task A_few_KiB_above_a_whole_MiB_are_no_other_size()
    {
        world.Balloon = "balloon.current=196616\nballoon.maximum=196608\n";

        Assert.Equal((192, 192), ((await LookAsync()).MemoryMiB, (await LookAsync()).MaxMemoryMiB));
    }

    [Theory]
    [InlineData("vcpus          : 0-1\nonline         : 0\nofflinable     : 1\n", 2, 1)]
    [InlineData("vcpus          : 0\nonline         : 0\nofflinable     : \n", 1, 1)]
    [InlineData("vcpus          : 0-2,5,7-8\nonline         : 0-2,5\nofflinable     : 1-2\n", 6, 4)]
    public void Guestvcpus_is_a_list_of_numbers_and_ranges(string answer, int known, int online) =>
        Assert.Equal((known, online), SizeFigures.Guest(answer.Split('\n')));

    [Theory]
    [InlineData("")]
    [InlineData("vcpus : 0\n")]
    [InlineData("vcpus : 0\nonline : \n")]
    [InlineData("vcpus : zero\nonline : zero\n")]
    [InlineData("vcpus : 3-1\nonline : 3-1\n")]
    public void Another_answer_of_guestvcpus_is_none(string answer) => Assert.Null(SizeFigures.Guest(answer.Split('\n')));

    [Fact]
    public async Task A_definition_that_is_no_XML_is_a_bad_answer()
    {
        world.Definition = "<domain><vcpu>2</vcpu>";

        Assert.Equal(FaultKind.BadAnswer, (await world.Driver.ObserveSizeAsync(Vm, CancellationToken.None)).Fault?.Kind);
    }

    [Fact]
    public async Task An_unplug_that_timed_out_and_was_followed_is_done_and_written_into_the_definition()
    {
        (world.Counted, world.Known, world.Online, world.Defined) = (2, 2, 2, 2);
        world.OnSetVcpus = (_, _) =>
        {
            (world.Known, world.Online) = (1, 1);
            return TimedOut;
        };

        Assert.True((await world.SetVcpusAsync(1)).IsOk);
        Assert.Equal(1, world.Defined);
        Assert.True((await LookAsync()).HasVcpus(1));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public async Task A_vcpu_that_the_guest_has_not_switched_on_yet_is_unplugged_and_not_forgotten(int knownAtFirst)
    {
        (world.Counted, world.Known, world.Online, world.Defined) = (2, knownAtFirst, 1, 2);
        var looks = 0;
        world.OnGuest = () => world.Known = ++looks < 3 ? world.Known : 2;
        world.OnSetVcpus = (_, _) =>
        {
            world.OnGuest = null;
            (world.Counted, world.Known, world.Defined) = (1, 1, 1);
            return new RemoteOutput(0, "", "");
        };

        Assert.True((await world.SetVcpusAsync(1)).IsOk);
        Assert.Equal((1, 1), (world.Counted, world.Defined));
    }

    [Fact]
    public async Task A_vcpu_that_the_guest_has_given_back_unnoticed_only_leaves_the_definition()
    {
        (world.Counted, world.Known, world.Online, world.Defined) = (2, 1, 1, 2);

        Assert.True((await world.SetVcpusAsync(1)).IsOk);
        Assert.Equal((2, 1), (world.Counted, world.Defined));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_unplug_that_timed_out_and_was_not_seen_to_be_followed_is_unknown(bool hasAgent)
    {
        (world.Counted, world.Known, world.Online, world.Defined, world.HasAgent) = (2, 2, 2, 2, hasAgent);
        world.OnSetVcpus = (_, _) => TimedOut;

        var fault = (await world.SetVcpusAsync(1)).Fault;

        Assert.Equal(FaultKind.UnknownOutcome, fault?.Kind);
        Assert.Equal(2, world.Defined);
    }

    [Fact]
    public async Task Nothing_is_plugged_into_a_VM_whose_vcpus_libvirt_has_lost_count_of()
    {
        (world.Counted, world.Known, world.Online, world.Defined) = (2, 1, 1, 1);

        foreach (var vcpus in new[] { 2, 3 })
        {
            var fault = (await world.SetVcpusAsync(vcpus)).Fault;
            Assert.Equal(FaultKind.Refused, fault?.Kind);
            Assert.Contains("libvirtd", fault!.Advice, StringComparison.Ordinal);
        }

        Assert.Equal(0, world.Changes);
    }

    [Fact]
    public async Task A_growth_that_was_refused_stays_refused_and_one_whose_answer_was_lost_stays_in_doubt()
    {
        world.OnSetVcpus = (_, _) => new RemoteOutput(1, "", "error: internal error: no room\n");
        Assert.Equal(FaultKind.Refused, (await world.SetVcpusAsync(2)).Fault?.Kind);

        world.OnSetVcpus = (_, _) => Lost;
        Assert.Equal(FaultKind.UnknownOutcome, (await world.SetVcpusAsync(2)).Fault?.Kind);
    }

    [Fact]
    public async Task A_lost_answer_about_memory_is_in_doubt_unless_the_definition_tells_that_it_was_asked_for()
    {
        world.OnSetMemory = _ => Lost;
        Assert.Equal(FaultKind.UnknownOutcome, (await world.Driver.SetMemoryAsync(Vm, 128, CancellationToken.None)).Fault?.Kind);

        world.OnSetMemory = mib =>
        {
            world.DefinedMiB = mib;
            return Lost;
        };
        Assert.True((await world.Driver.SetMemoryAsync(Vm, 128, CancellationToken.None)).IsOk);
    }

    private async Task<VmSize> LookAsync()
    {
        var seen = await world.Driver.ObserveSizeAsync(Vm, CancellationToken.None);
        Assert.True(seen.IsOk, $"{seen}");
        return seen.Value;
    }

    /// <summary>A host with one VM, as virsh shows it.</summary>
    private sealed class World
    {
        private readonly ManualTime clock = new();

        public World() => Driver = new LibvirtScaling(Host, new ScriptedShell(Answer), clock);

        public LibvirtScaling Driver { get; }

        public int Counted { get; set; } = 1;

        public int Known { get; set; } = 1;

        public int Online { get; set; } = 1;

        public int Defined { get; set; } = 1;

        public int DefinedMiB { get; set; } = 192;

        public bool HasAgent { get; set; } = true;

        public int Changes { get; private set; }

        /// <summary>Happens before the guest answers.</summary>
        public Action? OnGuest { get; set; }

        public string Balloon { get; set; } = "balloon.current=196608\nballoon.maximum=196608\n";

        public string? Definition { get; set; }

        public Func<int, bool, Result<RemoteOutput>>? OnSetVcpus { get; set; }

        public Func<int, Result<RemoteOutput>>? OnSetMemory { get; set; }

        /// <summary>Asks, and lets as much time pass as the driver waits.</summary>
        public async Task<Result<Unit>> SetVcpusAsync(int vcpus)
        {
            var asked = Driver.SetVcpusAsync(Vm, vcpus, CancellationToken.None);
            while (!asked.IsCompleted)
            {
                clock.AdvanceSeconds(1);
                await Task.Yield();
            }

            return await asked;
        }

        private Result<RemoteOutput> Answer(RemoteCommand command)
        {
            var words = command.Words.ToList();
            Changes += command.Effect == Effect.Changes ? 1 : 0;
            if (words.Contains("guestvcpus"))
            {
                OnGuest?.Invoke();
                return HasAgent
                    ? new RemoteOutput(0, $"vcpus          : 0-{Known - 1}\nonline         : 0-{Online - 1}\nofflinable     : \n", "")
                    : new RemoteOutput(1, "", "error: Guest agent is not responding: QEMU guest agent is not connected\n");
            }

            if (words.Contains("setvcpus"))
            {
                var vcpus = int.Parse(words[words.IndexOf("setvcpus") + 2]);
                if (words.Contains("--live"))
                {
                    return OnSetVcpus?.Invoke(vcpus, words.Contains("--config")) ?? throw new InvalidOperationException("Nothing was to be plugged.");
                }

                Defined = vcpus;
                return new RemoteOutput(0, "", "");
            }

            if (words.Contains("setmem"))
            {
                return OnSetMemory!(int.Parse(words[words.IndexOf("setmem") + 2].TrimEnd('M')));
            }

            var definition = Definition ?? $"<domain type='kvm'>\n<memory unit='KiB'>196608</memory>\n<currentMemory unit='KiB'>{DefinedMiB * 1024}</currentMemory>\n<vcpu placement='static' current='{Defined}'>4</vcpu>\n</domain>";
            return new RemoteOutput(
                0, $"@@stats\nDomain: 'web1'\nstate.state=1\nstate.reason=1\n{Balloon}vcpu.current={Counted}\nvcpu.maximum=4\n@@persistent\nweb1\n@@definition\n{definition}\n@@end\n", "");
        }
    }
}
