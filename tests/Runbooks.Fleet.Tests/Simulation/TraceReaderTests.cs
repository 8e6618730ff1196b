using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Traces;

namespace Runbooks.Fleet.Tests.Simulation;

public sealed class TraceReaderTests
{
    [Fact]
    public void A_trace_has_a_row_for_each_VM_and_loads_become_shares()
    {
        var trace = Read("vm,t0,t1,t2\na,0,50,100\nb,1,2.5,3\n");

        Assert.Equal(["a", "b"], trace.Vms);
        Assert.Equal(3, trace.Samples);
        Assert.Equal([0, 0.01], trace.At(0).ToArray());
        Assert.Equal([0.5, 0.025], trace.At(1).ToArray());
        Assert.Equal([1, 0.03], trace.At(2).ToArray());
    }

    [Theory]
    [InlineData("", "day.csv is empty")]
    [InlineData("name,t0\na,1\n", "line 1, field 1: found 'name'")]
    [InlineData("vm,t0,t1\n", "line 2: there is no VM")]
    [InlineData("vm,t0,t1\na,1,2\nb,1\n", "line 3, field 2: the line has 2 fields, the head has 3")]
    [InlineData("vm,t0,t1\na,1,2,3\n", "line 2, field 4: the line has 4 fields, the head has 3")]
    [InlineData("vm,t0,t1\na,1,x\n", "line 2, field 3 (t1): found 'x'")]
    [InlineData("vm,t0,t1\na,1,101\n", "line 2, field 3 (t1): found '101'")]
    [InlineData("vm,t0,t1\na,-1,1\n", "line 2, field 2 (t0): found '-1'")]
    [InlineData("vm,t0,t1\na,NaN,1\n", "line 2, field 2 (t0): found 'NaN'")]
    [InlineData("vm,t0,t1\na,1,\n", "line 2, field 3 (t1): found ''")]
    [InlineData("vm,t0,t1\n,1,2\n", "line 2, field 1 (vm): the name is missing")]
    [InlineData("vm,t0,t1\na,1,2\na,1,2\n", "line 3, field 1 (vm): 'a' is there a second time")]
    [InlineData("vm,t0,t1\na,1,2\n\nb,1,2\n", "line 3, field 1: the line has 1 fields")]
    public void What_is_wrong_is_named_with_line_and_field(string text, string expected)
    {
        var error = Assert.Throws<TraceFormatException>(() => Read(text));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setup_names_machines_and_sizes()
    {
        var setup = SmallCluster.Setup;

        Assert.Equal(40, setup.Hosts);
        Assert.Equal(("slow", 3720.0, 86.0), (setup.ModelOf(0).Name, setup.ModelOf(0).Mips, setup.ModelOf(0).Power.Idle));
        Assert.Equal(("fast", 5320.0), (setup.ModelOf(39).Name, setup.ModelOf(39).Mips));
        Assert.Equal([2500, 2500, 2500, 2000, 2000, 2000, 1000, 1000, 1000, 500], Enumerable.Range(0, 10).Select(v => setup.SizeOf(v, 10).Mips));
    }

    [Theory]
    [InlineData("{", "setup.json, line 1")]
    [InlineData("{\n \"hosts\": ,\n}", "setup.json, line 2")]
    [InlineData("[]", "field $: found array; it must be an object")]
    [InlineData("{\"host_types\": {}}", "field $.host_types: found object; it must be an object with one entry or more")]
    public void A_setup_that_is_wrong_is_named_with_its_field(string json, string expected)
    {
        var error = Assert.Throws<TraceFormatException>(() => SetupReader.Read(json, "setup.json"));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"hosts\": 40", "\"hosts\": 0", "field $.hosts: found 0; it must be a whole number from 1")]
    [InlineData("\"hosts\": 40", "\"guests\": 40", "field $.hosts: it is missing")]
    [InlineData("\"mips_per_core\": 2660", "\"mips_per_core\": \"quick\"", "field $.host_types.fast.mips_per_core: found \"quick\"")]
    [InlineData("\"mips\": 1000", "\"mips\": -1", "field $.vm_types[2].mips: found -1")]
    [InlineData("\"degradation_while_migrating\": 0.10", "\"degradation_while_migrating\": 2", "field $.degradation_while_migrating: found 2; it must be a number from 0 to 1")]
    [InlineData("\"vm_cores\": 1", "\"vm_cores\": 2", "field $.vm_cores: found 2")]
    public void A_field_that_is_wrong_is_named(string right, string wrong, string expected)
    {
        var text = SmallCluster.SetupText.Replace(right, wrong, StringComparison.Ordinal);

        var error = Assert.Throws<TraceFormatException>(() => SetupReader.Read(text, "setup.json"));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private static LoadTrace Read(string text)
    {
        using var reader = new StringReader(text);
        return TraceReader.Read(reader, "day.csv");
    }
}
