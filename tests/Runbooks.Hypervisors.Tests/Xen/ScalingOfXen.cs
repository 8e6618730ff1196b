using System.Text;
using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Ssh;
using Runbooks.Hypervisors.Tests.Libvirt;
using Runbooks.Hypervisors.Xen;
using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Tests.Xen;

/// <summary>What a change of a VM's size tells xl, and what is made of the answer.</summary>
public sealed class ScalingOfXen
{
    private const string Uuid = "f0627663-b348-4aa0-9680-c5948b8eff81";
    private const string Definition = "name = \"u1\"\nuuid = \"" + Uuid + "\"\n# memory = 1\nmemory = 160 # MiB\nvcpus = 1\n";

    private static readonly VmName Vm = new("u1");

    private readonly Guest guest = new();

    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [InlineData("memory = 96\n", "memory = 128\n")]
    [InlineData("memory=96", "memory=128")]
    [InlineData("  memory = \"96\" # as it was\nvcpus = 1", "  memory = 128 # as it was\nvcpus = 1")]
    [InlineData("maxmemory = 1\n# memory = 2\n", "maxmemory = 1\n# memory = 2\nmemory = 128\n")]
    [InlineData("vcpus = 1", "vcpus = 1\nmemory = 128\n")]
    [InlineData("memory = 96\nmemory = 96\n", null)]
    [InlineData("memory = \"a lot\"\n", null)]
    [InlineData("vcpus = 1; memory = 96\n", null)]
    [InlineData("vcpus = ", null)]
    public void A_number_is_written_where_xl_reads_it_or_not_at_all(string before, string? after) =>
        Assert.Equal(after, XlNumbers.With(before, "memory", 128));

    [Fact]
    public void What_a_domain_may_become_is_read()
    {
        Assert.True(XenLimits.TryRead(Sample.Text("xl-list-l.json"), out var limits, out var problem), problem);
        Assert.Equal(new XenLimits(1, 1, 96), limits);
        Assert.False(XenLimits.TryRead("[{\"config\":{\"b_info\":{}}}]", out _, out problem));
        Assert.NotEmpty(problem);
    }

    [Fact]
    public async Task The_definition_says_the_new_number_and_still_says_how_much_it_may_become()
    {
        Assert.True((await guest.Scaling.SetMemoryAsync(Vm, 128, None)).IsOk);

        Assert.Equal(["mem-set", "u1", "128m"], guest.Told);
        Assert.Equal(Definition.Replace("memory = 160 #", "memory = 128 #", StringComparison.Ordinal) + "maxmem = 192\n", guest.Written);
    }

    [Fact]
    public async Task A_VM_without_a_definition_is_changed_and_none_is_made()
    {
        guest.Defined = false;

        Assert.True((await guest.Scaling.SetMemoryAsync(Vm, 128, None)).IsOk);

        Assert.Equal(["mem-set", "u1", "128m"], guest.Told);
        Assert.Empty(guest.Written);
    }

    [Fact]
    public async Task A_vcpu_that_the_guest_keeps_is_an_unknown_outcome_and_one_that_it_gives_back_is_not()
    {
        guest.Online = 2;
        guest.Allowed = 2;
        guest.FollowsTo = 2;
        Assert.Equal(FaultKind.UnknownOutcome, (await guest.SetVcpusAsync(1)).Fault?.Kind);

        guest.FollowsTo = 1;
        Assert.True((await guest.SetVcpusAsync(1)).IsOk);
    }

    [Fact]
    public async Task A_lost_answer_is_judged_by_what_is_seen()
    {
        guest.Answer = new HypervisorFault(FaultKind.UnknownOutcome, new HostName("xen1"), "It did not answer.");
        guest.FollowsTo = 2;
        guest.WritesAnyway = true;
        Assert.True((await guest.SetVcpusAsync(2)).IsOk);

        guest.WritesAnyway = false;
        Assert.Equal(FaultKind.UnknownOutcome, (await guest.SetVcpusAsync(1)).Fault?.Kind);
    }

    [Fact]
    public async Task A_definition_whose_numbers_are_not_found_is_left_alone_and_so_is_the_guest()
    {
        guest.Text = Definition.Replace("memory = 160 # MiB\n", "vcpus = 1; memory = 160\n", StringComparison.Ordinal);

        var refused = await guest.Scaling.SetMemoryAsync(Vm, 128, None);

        Assert.Equal(FaultKind.Refused, refused.Fault?.Kind);
        Assert.Contains("memory = 128", refused.Fault!.Advice, StringComparison.Ordinal);
        Assert.Empty(guest.Told);
    }

    /// <summary>A host with one running VM that does as it is told, more or less.</summary>
    private sealed class Guest
    {
        private readonly ManualTime clock = new();

        public Guest()
        {
            var shell = new ScriptedShell(Run);
            var xl = new Xl(Host.Name, shell);
            Scaling = new XenScaling(Host, xl, new XenReader(Host, xl, clock), new XenConfigReader(Host, xl), clock);
        }

        public XenScaling Scaling { get; }

        public bool Defined { get; set; } = true;

        public string Text { get; set; } = Definition;

        public int Online { get; set; } = 1;

        public int Allowed { get; set; } = 1;

        public int FollowsTo { get; set; } = 1;

        public HypervisorFault? Answer { get; set; }

        public bool WritesAnyway { get; set; }

        public string[] Told { get; private set; } = [];

        public string Written { get; private set; } = string.Empty;

        private static XenHost Host { get; } = new(new HostName("xen1"), "root@xen1", "root@xen1");

        /// <summary>Asks, and lets as much time pass as the driver waits.</summary>
        public async Task<Result<Unit>> SetVcpusAsync(int vcpus)
        {
            var asked = Scaling.SetVcpusAsync(Vm, vcpus, None);
            while (!asked.IsCompleted)
            {
                clock.AdvanceSeconds(1);
                await Task.Yield();
            }

            return await asked;
        }

        private Result<RemoteOutput> Run(RemoteCommand command)
        {
            if (command.Effect == Effect.Changes)
            {
                // sh -c TEXT sh VM FOLDER SEEN WANTED WORDS
                if (Answer is null || WritesAnyway)
                {
                    Told = [.. command.Words.Skip(8)];
                    Written = Decode(command.Words[7]);
                    Text = Written.Length > 0 ? Written : Text;
                    (Online, Allowed) = Told[0] == "vcpu-set" ? (FollowsTo, int.Parse(Told[^1], null)) : (Online, Allowed);
                }

                return Answer is { } fault ? fault : new RemoteOutput(0, string.Empty, string.Empty);
            }

            var definition = Defined ? Convert.ToBase64String(Encoding.UTF8.GetBytes(Text)) : null;
            return new RemoteOutput(
                0,
                command.Words[2].Contains("@@domain", StringComparison.Ordinal)
                    ? $"@@cpu\n0\n@@bridge\nxenbr0\n@@definition\n{definition}\n@@domain\n[{{\"config\":{{\"b_info\":{{\"max_vcpus\":2,\"avail_vcpus\":[{string.Join(',', Enumerable.Range(0, Allowed))}],\"max_memkb\":196608}}}}}}]\n@@end\n"
                    : $"@@uptime\n1\n@@definitions\n{(Defined ? $"u1 {definition}\n" : "")}@@jobs\n@@info\n@@list\nName ID Mem VCPUs State Time(s) UUID\nDomain-0 0 512 1 r----- 1.0 {Guid.Empty} - -\nu1 1 160 {Online} -b---- 1.0 {Uuid} - -\n@@end\n",
                string.Empty);
        }

        private static string Decode(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
    }
}
