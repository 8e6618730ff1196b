using Microsoft.Extensions.Configuration;
using Runbooks.Messaging.Settings;

namespace Runbooks.Messaging.Tests.Settings;

public sealed class MessagingSettingsTests
{
    [Fact]
    public void Nothing_configured_is_an_in_process_bus_without_schedules_and_events()
    {
        var (settings, problems) = Read("{}");

        Assert.Empty(problems);
        Assert.Null(settings!.RabbitMq);
        Assert.Empty(settings.Schedules);
        Assert.Empty(settings.Events);
    }

    [Fact]
    public void What_is_configured_is_read_with_the_types_of_its_inputs()
    {
        var (settings, problems) = Read(
            """
            {
              "Messaging": { "Transport": "rabbitMq", "RabbitMq": { "Host": "mq", "Username": "anna", "Password": "s3cret" } },
              "Schedules": [
                { "name": "often", "every": "00:00:15", "runbook": "consolidate", "input": { "pool": "lab", "dryRun": false, "maxMoves": 3, "share": 0.5, "hosts": ["h1", "h2"], "deep": { "a": null } } },
                { "name": "nightly", "cron": "0 0 2 * * ?", "runbook": "consolidate", "whenBusy": "start" },
                { "name": "off", "every": "00:01:00", "runbook": "consolidate", "enabled": false }
              ],
              "Events": [ { "metric": "cpu-load", "direction": "falling", "runbook": "consolidate", "input": { "pool": "{pool}" } } ]
            }
            """);

        Assert.Empty(problems);
        Assert.Equal(new RabbitMqAddress("mq", 5672, "/", "anna", "s3cret"), settings!.RabbitMq);
        Assert.DoesNotContain("s3cret", settings.RabbitMq!.ToString(), StringComparison.Ordinal);
        Assert.Equal(["often", "nightly"], settings.Schedules.Select(s => s.Name));
        Assert.Equal(TimeSpan.FromSeconds(15), settings.Schedules[0].Every);
        Assert.Equal(WhenBusy.Start, settings.Schedules[1].WhenBusy);
        var input = settings.Schedules[0].Input;
        Assert.Equal("lab", (string?)input["pool"]);
        Assert.Equal("false", input["dryRun"]!.ToJsonString());
        Assert.Equal("3", input["maxMoves"]!.ToJsonString());
        Assert.Equal("0.5", input["share"]!.ToJsonString());
        Assert.Equal("""["h1","h2"]""", input["hosts"]!.ToJsonString());
        Assert.Equal("falling", settings.Events[0].Direction);
    }

    [Fact]
    public void All_problems_are_reported_together_each_with_its_place()
    {
        var (settings, problems) = Read(
            """
            {
              "Messaging": { "Transport": "pigeon", "Color": "red" },
              "Schedules": [
                { "name": "a", "every": "soon", "runbook": "consolidate" },
                { "name": "a", "cron": "whenever", "runbook": "consolidate" },
                { "name": "b", "runbook": "" , "whenBusy": "wait" },
                { "name": "c", "cron": "0 0 2 * * ?", "every": "00:00:15", "runbook": "consolidate", "evry": "x" }
              ],
              "Events": [
                { "metric": "cpu-load", "direction": "sideways", "runbook": "consolidate" },
                { "metric": "cpu-load", "direction": "rising", "runbook": "consolidate", "input": { "pool": "{poool}" } }
              ]
            }
            """);

        Assert.Null(settings);
        string[] expected =
        [
            "Messaging:Color is not a setting.", "Messaging:Transport is 'pigeon'", "Schedules:a: every is 'soon'",
            "there are two schedules of this name", "cron is 'whenever'", "Schedules:b:runbook is missing", "Schedules:b:whenBusy is 'wait'",
            "Schedules:b: give either cron", "Schedules:c: give either cron", "Schedules:c:evry is not a setting",
            "Events:0:direction is 'sideways'", "another binding takes rising cpu-load already", "input holds {poool}",
        ];
        Assert.All(expected, text => Assert.Contains(problems, p => p.Contains(text, StringComparison.Ordinal)));
        Assert.Equal(expected.Length, problems.Count);
    }

    [Fact]
    public void A_broker_without_a_host_is_refused()
    {
        var (_, problems) = Read("""{ "Messaging": { "Transport": "rabbitMq", "RabbitMq": { "Port": 70000 } } }""");

        Assert.Equal(2, problems.Count);
        Assert.Contains("Messaging:RabbitMq:Host is missing", problems[0], StringComparison.Ordinal);
        Assert.Contains("Messaging:RabbitMq:Port is '70000'", problems[1], StringComparison.Ordinal);
    }

    private static (MessagingSettings? Settings, IReadOnlyList<string> Problems) Read(string json) => MessagingSettings.Read(
        new ConfigurationBuilder().AddJsonStream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(json))).Build());
}
