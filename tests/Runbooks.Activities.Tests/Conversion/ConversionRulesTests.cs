using Runbooks.Activities.Conversion;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Activities.Tests.Conversion;

/// <summary>Where each file of a VM goes, and everything that stands in its way.</summary>
public sealed class ConversionRulesTests
{
    private const long MiB = 1_048_576;
    private static readonly string[] XenFormats = ["raw"];
    private static readonly string[] KvmFormats = ["raw", "qcow2"];
    private static readonly ConversionWishes Plain = new(null, null, new Dictionary<string, string>(StringComparer.Ordinal));

    private static readonly ConvertibleVm Vm = new(
        "web", Guid.Parse("5d44a434-2e4f-437a-bc5f-3cfd1fc2af47"), 512, 2, "/boot/vmlinuz", "/boot/initrd.gz", "quiet",
        [new ConvertibleDisk("/images/web.qcow2", "qcow2"), new ConvertibleDisk("/data/two.img", "raw")], [new ConvertibleCard("52:54:00:00:00:01", "br0"), new ConvertibleCard("52:54:00:00:00:02", "br1")]);

    [Fact]
    public void Files_stay_where_they_are_and_only_a_format_that_is_not_known_there_changes()
    {
        Assert.Equal(["/boot/vmlinuz", "/boot/initrd.gz", "/images/web.img", "/data/two.img"], ConversionRules.Arrived(Vm, Plain, XenFormats).Files);
        Assert.Equal(["raw", "raw"], ConversionRules.Arrived(Vm, Plain, XenFormats).Disks.Select(d => d.Format));
        Assert.Equal(Vm.Files, ConversionRules.Arrived(Vm, Plain, KvmFormats).Files);
    }

    [Fact]
    public void A_folder_a_format_and_names_of_bridges_can_be_asked_for()
    {
        var arrived = ConversionRules.Arrived(Vm, new ConversionWishes("/guests/", "qcow2", ConversionRules.ReadBridges("br0 = lan0", out _)!), KvmFormats);

        Assert.Equal(["/guests/vmlinuz", "/guests/initrd.gz", "/guests/web.qcow2", "/guests/two.qcow2"], arrived.Files);
        Assert.Equal(["lan0", "br1"], arrived.Cards.Select(c => c.Bridge));
    }

    [Theory]
    [InlineData("/a/x.qcow2", "/b/x.img", "/g/x.img", "/g/x-2.img")]
    [InlineData("/a/x.qcow2", "/b/y", "/g/x.img", "/g/y")]
    [InlineData("/a/x", "/b/x", "/g/x.img", "/g/x")]
    [InlineData("/a.b/.hidden", "/b/x.tar.qcow2", "/g/.hidden.img", "/g/x.tar.qcow2")]
    public void Two_files_never_get_one_place(string first, string second, string firstThere, string secondThere)
    {
        var vm = Vm with { Disks = [new ConvertibleDisk(first, "qcow2"), new ConvertibleDisk(second, "raw")] };

        var arrived = ConversionRules.Arrived(vm, Plain with { Folder = "/g" }, XenFormats);

        Assert.Equal([firstThere, secondThere], arrived.Disks.Select(d => d.Path));
    }

    [Theory]
    [InlineData("br0", "'br0'")]
    [InlineData("br0=", "'br0='")]
    [InlineData("a=b=c", "'a=b=c'")]
    public void A_name_of_a_bridge_that_is_no_pair_is_refused(string text, string problem)
    {
        Assert.Null(ConversionRules.ReadBridges(text, out var found));
        Assert.Contains(problem, found, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_there_already_is_told_from_what_is_in_the_way()
    {
        var here = Sight(File("/boot/vmlinuz", sum: "k"), File("/boot/initrd.gz", sum: "i"), File("/images/web.qcow2", format: "qcow2"), File("/data/two.img", identity: "same"));

        var files = Plan(here, Sight(File("/boot/vmlinuz", sum: "k"), None("/boot/initrd.gz"), None("/images/web.img"), File("/data/two.img", identity: "same")), out var problems);

        Assert.Empty(problems);
        Assert.Equal([FileWay.SameThere, FileWay.Copy, FileWay.Copy, FileWay.Shared], files.Select(f => f.Way));
        Assert.Equal([false, false, true, true], files.Select(f => f.IsDisk));
        Assert.Equal([("qcow2", "raw")], files.Where(f => f.FromFormat != f.ToFormat).Select(f => (f.FromFormat, f.ToFormat)));

        _ = Plan(here, Sight(File("/boot/vmlinuz", sum: "other"), None("/boot/initrd.gz"), File("/images/web.img"), Taken("/data/two.img")), out problems);
        Assert.Equal(3, problems.Count);
        Assert.All(problems, p => Assert.Contains("there is another file", p, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_thing_that_is_wrong_with_an_image_is_told_with_what_to_do()
    {
        string Wrong(FilePlace disk, bool canConvert = true, long free = 1 << 30)
        {
            _ = Plan(
                Sight(File("/boot/vmlinuz"), File("/boot/initrd.gz"), disk, File("/data/two.img")),
                Sight(None("/boot/vmlinuz", free), None("/boot/initrd.gz", free), None("/images/web.img", free), None("/data/two.img", free)) with { CanConvert = canConvert },
                out var problems);
            return Assert.Single(problems);
        }

        var good = File("/images/web.qcow2", format: "qcow2");
        Assert.Contains("not there", Wrong(None("/images/web.qcow2")), StringComparison.Ordinal);
        Assert.Contains("can't be looked into", Wrong(good with { File = good.File! with { Image = null } }), StringComparison.Ordinal);
        Assert.Contains("is 'vmdk'", Wrong(File("/images/web.qcow2", format: "vmdk")), StringComparison.Ordinal);
        Assert.Contains("rests on '/images/base.img'", Wrong(good with { File = good.File! with { Image = new DiskImage("qcow2", MiB, "/images/base.img", 0) } }), StringComparison.Ordinal);
        Assert.Contains("2 snapshots", Wrong(good with { File = good.File! with { Image = new DiskImage("qcow2", MiB, null, 2) } }), StringComparison.Ordinal);
        Assert.Contains("no 'qemu-img'", Wrong(good, canConvert: false), StringComparison.Ordinal);
        Assert.Contains("make room", Wrong(good, free: 3 * MiB), StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_is_the_same_after_it_was_written_and_read()
    {
        var plan = new ConversionPlan(Vm, new VmDefinition("xl", "name = \"web\"\n"), [new PlannedFile("/a", "/b", "raw", "raw", 5, "1:2:3", FileWay.Shared, true)]);

        var read = ConversionPlan.Read(plan.Write())!;

        Assert.True(ConversionPlan.IsSame(plan.Before, read.Before));
        Assert.Equal((plan.Definition, plan.Files[0]), (read.Definition, read.Files[0]));
        Assert.False(ConversionPlan.IsSame(plan.Before, read.Before with { Disks = [] }));
        Assert.Null(ConversionPlan.Read("7"));
        Assert.Null(ConversionPlan.Read("{}"));
        Assert.Null(ConversionPlan.Read(null));
    }

    private static IReadOnlyList<PlannedFile> Plan(DiskSight here, DiskSight there, out IReadOnlyList<string> problems) =>
        ConversionRules.Plan(Vm, ConversionRules.Arrived(Vm, Plain, XenFormats), here, there, XenFormats, out problems);

    private static DiskSight Sight(params FilePlace[] places) => new(true, places);

    private static FilePlace File(string path, string? sum = null, string format = "raw", string identity = "") =>
        new(path, new HostFile(MiB, identity.Length > 0 ? identity : Guid.NewGuid().ToString(), sum, new DiskImage(format, MiB, null, 0)), false, 1 << 30);

    private static FilePlace None(string path, long free = 1 << 30) => new(path, null, false, free);

    private static FilePlace Taken(string path) => new(path, null, true, 1 << 30);
}
