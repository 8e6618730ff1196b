using Runbooks.Fleet.Model;
using Runbooks.Hypervisors.Contract;
using Runbooks.Hypervisors.Power;

namespace Runbooks.Hypervisors.Tests.Power;

public sealed class PowerByCommand
{
    private static readonly HostName Host = new("host1");

    [Theory]
    [InlineData("on", PowerState.On)]
    [InlineData("OFF", PowerState.Off)]
    [InlineData("Chassis Power is on", PowerState.On)]
    public async Task The_last_word_of_the_first_line_says_it(string printed, PowerState expected) =>
        Assert.Equal(expected, (await Power(["echo", printed]).ObserveAsync(CancellationToken.None)).Value);

    [Fact]
    public async Task Anything_else_is_neither_on_nor_off()
    {
        Assert.Equal(FaultKind.BadAnswer, (await Power(["echo", "maybe"]).ObserveAsync(CancellationToken.None)).Fault?.Kind);
        Assert.Equal(FaultKind.Unreachable, (await Power(["false"]).ObserveAsync(CancellationToken.None)).Fault?.Kind);
        Assert.Equal(FaultKind.Unsupported, (await Power(["/nowhere/bmc"]).ObserveAsync(CancellationToken.None)).Fault?.Kind);
    }

    [Fact]
    public async Task A_command_that_failed_is_judged_by_the_power_that_is_found()
    {
        Assert.True((await Power(["echo", "off"], off: ["false"]).PowerOffAsync(CancellationToken.None)).IsOk);
        Assert.Equal(FaultKind.UnknownOutcome, (await Power(["echo", "on"], off: ["false"]).PowerOffAsync(CancellationToken.None)).Fault?.Kind);
    }

    [Fact]
    public async Task Commands_see_the_environment_of_the_fleet_file_and_words_stay_whole() =>
        Assert.Equal(
            PowerState.On,
            (await Power(["sh", "-c", "[ \"$1\" = 'a b' ] && echo $BMC_SAYS", "sh", "a b"]).ObserveAsync(CancellationToken.None)).Value);

    private static CommandPower Power(string[] status, string[]? off = null) => new(
        Host,
        new PowerCommands(status, ["true"], off ?? ["true"], new Dictionary<string, string>(StringComparer.Ordinal) { ["BMC_SAYS"] = "on" }),
        TimeProvider.System);
}
