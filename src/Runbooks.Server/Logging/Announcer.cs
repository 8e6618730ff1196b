using Runbooks.Fleet.Model;
using Runbooks.Server.Fleet;
using Runbooks.Workflows.Definitions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Logging;

/// <summary>
/// One line in the terminal per event worth knowing. The category <see cref="Category"/> is shown whatever the log level
/// of the rest; everything goes to the log file too.
/// </summary>
public sealed class Announcer(ILoggerFactory loggers)
{
    public const string Category = "Runbooks.Events";

    private readonly ILogger log = loggers.CreateLogger(Category);

    public void Switched(HostName host, PowerState state, int on, int all) =>
        log.LogInformation("{Host} switched {State}: {On} of {All} hosts are on", host, state == PowerState.On ? "on" : "off", on, all);

    public void Problem(string message) => log.LogWarning("{Problem}", message);

    public void Crossed(Crossing crossing)
    {
        ArgumentNullException.ThrowIfNull(crossing);
        log.LogInformation(
            "{Subject}: load {Value:0.00} is {Direction} {Threshold:0.00}",
            crossing.Host is { } host ? host.Value : $"pool '{crossing.Pool}', average",
            crossing.Value,
            crossing.Direction == ThresholdWatch.Falling ? "below" : "above",
            crossing.Threshold);
    }

    public void Refused(DefinitionProblem problem) => log.LogWarning("Refused runbook {Problem}", problem);

    public void Loaded(int runbooks) => log.LogInformation("{Count} runbooks loaded", runbooks);

    public void Recovered(int runs) => log.LogInformation("{Count} runs of this server's last life go on now", runs);

    public void Started(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        log.LogInformation("{Runbook} started by {StartedBy} ({Run})", run.DefinitionId, run.StartedBy, run.Id);
    }

    public void Ended(Run run, string summary)
    {
        ArgumentNullException.ThrowIfNull(run);
        var level = run.Status is RunStatus.Finished ? LogLevel.Information : LogLevel.Warning;
        log.Log(level, "{Runbook} {Status}{Summary}", run.DefinitionId, RunWords.Of(run.Status), summary.Length == 0 ? "" : ": " + summary);
    }

    public void NeedsAttention(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        log.LogWarning("{Runbook} needs attention ({Run}): {Reason}", run.DefinitionId, run.Id, run.Reason);
    }
}
