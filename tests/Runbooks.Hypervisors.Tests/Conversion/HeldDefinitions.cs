using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Hypervisors.Tests.Conversion;

/// <summary>A held definition can't be started, says who holds it, and gives back exactly what it was.</summary>
public sealed class HeldDefinitions
{
    public static TheoryData<string, string> Definitions => new()
    {
        { "libvirt-xml", "<domain type='kvm'>\n  <name>a</name>\n  <os>\n    <kernel>/boot/a &amp; b/vmlinuz</kernel>\n  </os>\n</domain>" },
        { "xl", "name = \"a\"\nkernel = \"/boot/vm'linuz\"\nextra = \"kernel = '/x'\"\n" },
        { "xl", "name='a'\n  kernel='/boot/vm\"linuz'\n" },
    };

    [Theory]
    [MemberData(nameof(Definitions))]
    public void It_is_held_by_one_handed_on_and_let_go_without_a_trace(string format, string text)
    {
        var free = new VmDefinition(format, text);

        var held = HeldDefinition.Hold(free, "0123abcd")!;
        var handed = HeldDefinition.Hold(held, "0123abcd.started")!;

        Assert.Contains("/held-by-runbooks/0123abcd/boot/", held.Text, StringComparison.Ordinal);
        Assert.Equal((null, "0123abcd", "0123abcd.started"), (HeldDefinition.HolderOf(free), HeldDefinition.HolderOf(held), HeldDefinition.HolderOf(handed)));
        Assert.Equal(held, HeldDefinition.Hold(handed, "0123abcd"));
        Assert.Equal(free, HeldDefinition.Release(handed));
        Assert.Equal(free, HeldDefinition.Release(free));
    }

    [Theory]
    [InlineData("libvirt-xml", "<domain><os><loader>/x</loader></os></domain>")]
    [InlineData("libvirt-xml", "<domain><os><kernel>vmlinuz</kernel></os></domain>")]
    [InlineData("libvirt-xml", "<domain><metadata><kernel>/x</kernel></metadata><os><kernel>/y</kernel></os></domain>")]
    [InlineData("xl", "name = \"a\"\nfirmware = \"ovmf\"\n")]
    public void What_names_no_kernel_or_several_is_not_held(string format, string text)
    {
        var definition = new VmDefinition(format, text);
        Assert.Null(HeldDefinition.Hold(definition, "x"));
        Assert.Equal(definition, HeldDefinition.Release(definition));
    }
}
