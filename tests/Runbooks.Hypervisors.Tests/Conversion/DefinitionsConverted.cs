using Runbooks.Hypervisors.Conversion;

namespace Runbooks.Hypervisors.Tests.Conversion;

/// <summary>A VM keeps what it is on the way from one hypervisor's language to the other's and back, or is refused by name.</summary>
public sealed class DefinitionsConverted
{
    private const string Xml = """
        <domain type='kvm'>
          <name>web-1</name><uuid>5d44a434-2e4f-437a-bc5f-3cfd1fc2af47</uuid>
          <memory unit='KiB'>262144</memory><currentMemory unit='KiB'>262144</currentMemory><vcpu placement='static'>2</vcpu>
          <os><type arch='x86_64' machine='pc'>hvm</type><kernel>/img/vmlinuz</kernel><initrd>/img/initrd.gz</initrd>
            <cmdline>console=ttyS0,115200 root=/dev/vda1 quiet data=/dev/vdb</cmdline></os>
          <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
            <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/img/web &amp; 1.qcow2'/><target dev='vda' bus='virtio'/></disk>
            <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/img/two.img'/><target dev='vdb' bus='virtio'/><readonly/></disk>
            <interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='lan0'/><model type='virtio'/></interface>
            <serial type='pty'/><memballoon model='virtio'/></devices>
        </domain>
        """;

    [Fact]
    public void A_KVM_VM_is_the_same_under_Xen_with_the_names_that_Xen_has()
    {
        var read = LibvirtLanguage.Read(Xml);

        Assert.Empty(read.Problems);
        var xl = XlLanguage.Write(read.Vm!);
        Assert.Contains("extra = \"console=hvc0 root=/dev/xvda1 quiet data=/dev/vdb\"", xl, StringComparison.Ordinal);
        Assert.Contains("\"format=qcow2, vdev=xvda, access=rw, target=/img/web & 1.qcow2\"", xl, StringComparison.Ordinal);
        Assert.Contains("\"format=raw, vdev=xvdb, access=ro, target=/img/two.img\"", xl, StringComparison.Ordinal);
        Assert.Contains("memory = 256\nvcpus = 2\n", xl, StringComparison.Ordinal);
        Assert.Contains("uuid = \"5d44a434-2e4f-437a-bc5f-3cfd1fc2af47\"", xl, StringComparison.Ordinal);
    }

    [Fact]
    public void There_and_back_again_is_the_same_VM()
    {
        var vm = LibvirtLanguage.Read(Xml).Vm!;

        var throughXen = XlLanguage.Read(XlLanguage.Write(vm));
        var throughBoth = LibvirtLanguage.Read(LibvirtLanguage.Write(throughXen.Vm!, "qemu"));

        Assert.Empty(throughBoth.Problems);
        Assert.Equivalent(vm, throughXen.Vm, strict: true);
        Assert.Equivalent(vm, throughBoth.Vm, strict: true);
        Assert.Contains("console=ttyS0 root=/dev/vda1", LibvirtLanguage.Write(vm, "kvm"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_VM_moves_house_with_all_its_files_and_its_disks_become_raw()
    {
        var vm = LibvirtLanguage.Read(Xml).Vm!;
        Assert.Equal(["/img/vmlinuz", "/img/initrd.gz", "/img/web & 1.qcow2", "/img/two.img"], vm.Files);

        var moved = vm.Relocated(f => $"/new{f}");

        Assert.Equal(["/new/img/vmlinuz", "/new/img/initrd.gz", "/new/img/web & 1.qcow2", "/new/img/two.img"], moved.Files);
        Assert.All(moved.Disks, d => Assert.Equal("raw", d.Format));
    }

    [Theory]
    [InlineData("<kernel>/img/vmlinuz</kernel>", "", "boots from its disk by firmware")]
    [InlineData("<serial type='pty'/>", "<hostdev mode='subsystem'/>", "'hostdev'")]
    [InlineData("<serial type='pty'/>", "<filesystem/>", "'filesystem'")]
    [InlineData("interface type='bridge'", "interface type='network'", "it is on a 'network'")]
    [InlineData("<source bridge='lan0'/>", "<source bridge='lan0'/><vlan><tag id='4'/></vlan>", "VLAN")]
    [InlineData("disk type='file' device='disk'", "disk type='block' device='disk'", "it is no file")]
    [InlineData("disk type='file' device='disk'", "disk type='file' device='cdrom'", "it is a cdrom")]
    [InlineData("type='qcow2'", "type='vmdk'", "'vmdk'")]
    [InlineData("dev='vda'", "dev='sda'", "'sda'")]
    [InlineData("<currentMemory unit='KiB'>262144", "<currentMemory unit='KiB'>131072", "currentMemory")]
    [InlineData("unit='KiB'>262144</memory>", "unit='KiB'>262145</memory>", "whole MiB")]
    [InlineData("placement='static'", "current='1'", "room to grow")]
    [InlineData("<devices>", "<commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'/><devices>", "'commandline'")]
    [InlineData("<devices>", "<launchSecurity type='sev'/><devices>", "'launchSecurity'")]
    [InlineData("<name>web-1</name>", "", "no 'name'")]
    [InlineData("<domain type='kvm'>", "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><domain type='kvm'>", "can't be read")]
    [InlineData("</domain>", "", "can't be read")]
    public void What_libvirt_can_say_and_Xen_can_not_is_refused_by_name(string right, string other, string problem)
    {
        var text = Xml.Replace(right, other, StringComparison.Ordinal);
        Assert.NotEqual(Xml, text);

        var read = LibvirtLanguage.Read(text);

        Assert.Null(read.Vm);
        Assert.Contains(read.Problems, p => p.Contains(problem, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("type = \"pv\"", "type = \"hvm\"", "'hvm'")]
    [InlineData("vcpus = 2", "vcpus = 2\npci = [ '00:1f.2' ]", "'pci'")]
    [InlineData("memory = 256", "memory = 256\nmaxmem = 512", "'maxmem'")]
    [InlineData("kernel = \"/img/vmlinuz\"\n", "bootloader = \"pygrub\"\n", "'bootloader'")]
    [InlineData("format=raw, vdev=xvdb", "format=vhd, vdev=xvdb", "'vhd'")]
    [InlineData("vdev=xvdb", "vdev=sdb", "'sdb'")]
    [InlineData("target=/img/two.img", "target=/dev/vg/two", "no file")]
    [InlineData("format=raw, vdev=xvdb, access=ro, target=", "phy:", "no file")]
    [InlineData("mac=52:54:00:00:00:01, ", "", "no mac")]
    [InlineData("bridge=lan0", "bridge=lan0, script=vif-nat", "'script'")]
    public void What_Xen_can_say_and_libvirt_is_not_told_is_refused_by_name(string right, string other, string problem)
    {
        var xl = XlLanguage.Write(LibvirtLanguage.Read(Xml).Vm!);
        var text = xl.Replace(right, other, StringComparison.Ordinal);
        Assert.NotEqual(xl, text);

        var read = XlLanguage.Read(text);

        Assert.Null(read.Vm);
        Assert.Contains(read.Problems, p => p.Contains(problem, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a\"b'c")]
    [InlineData("a\nname = \"other\"")]
    public void A_text_that_xl_can_not_hold_is_refused_and_never_becomes_another_line(string words) =>
        Assert.Throws<ArgumentException>(() => XlLanguage.Write(LibvirtLanguage.Read(Xml).Vm! with { CommandLine = words }));
}
