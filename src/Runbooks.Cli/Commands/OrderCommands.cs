using System.CommandLine;
using System.Text.Json.Nodes;
using Runbooks.Cli.Api;
using Runbooks.Cli.Output;

namespace Runbooks.Cli.Commands;

/// <summary><c>runbooks run pause|resume|…</c>: what may be asked of a run, or of many at once.</summary>
internal static class OrderCommands
{
    private static readonly Option<string> Status = new("--status") { Description = "Instead of a run: every run in this status." };
    private static readonly Option<string> Runbook = new("--runbook") { Description = "Instead of a run: every run of this runbook." };
    private static readonly Option<string> Host = new("--host") { Description = "Instead of a run: every run with an input that names this host." };
    private static readonly Option<long?> Step = new("--step") { Description = "Number of the step, as 'runbooks run history' shows it." };
    private static readonly Option<string[]> Input = new("--input", "-i") { Description = "An input in place of the old one, as name=value; may be repeated." };
    private static readonly Option<string[]> Output = new("--output", "-o") { Description = "An output that the step would have had, as name=value; may be repeated." };
    private static readonly Option<string> Outcome = new("--outcome") { Description = "The outcome by which the step is left." };
    private static readonly Option<string> Found = new("--found") { Description = "What you found: done or notDone." };
    private static readonly Option<string> Key = new("--key") { Description = "Idempotency key: repeating the command with it asks nothing new." };

    public static IEnumerable<Command> All() =>
    [
        Order("pause", "Lets effects in flight end and starts no other.", forMany: true),
        Order("resume", "Goes on after a pause.", forMany: true),
        Order("cancel", "Ends a run; what it had changed is undone.", forMany: true),
        Order("retry", "Looks again at a failed or unknown step, or at all of them.", forMany: true, Step, Input),
        Order("skip", "Goes on behind a failed step as if it had been done.", forMany: false, Step, Outcome, Output),
        Order("resolve", "Says what you found about an unknown step or a failed undo.", forMany: false, Step, Found, Outcome, Output),
        Order("restart-from", "Undoes what followed a step and executes it again.", forMany: false, Step, Input),
        Order("restart", "Starts a new run in place of one that has ended.", forMany: true, Input),
        Order("undo", "Undoes a run that has finished.", forMany: true),
    ];

    private static Command Order(string verb, string description, bool forMany, params Option[] more)
    {
        var id = new Argument<string?>("run") { Description = "Id of the run.", Arity = forMany ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne };
        var command = new Command(verb, description) { id, CommonOptions.Reason, CommonOptions.Actor, Key };
        foreach (var option in forMany ? [.. more, Runbook, Status, Host] : more)
        {
            command.Add(option);
        }

        command.Does(async (scope, cancellationToken) =>
        {
            var run = scope.Parsed.GetValue(id);
            var body = CommonOptions.Signed(scope.Parsed, $"runbooks run {verb} {run}".TrimEnd());
            var filter = forMany ? Filter(scope) : [];
            if ((run is null) == (filter.Count == 0))
            {
                throw new ApiFailure($"Name one run, or many by --runbook, --status or --host: runbooks run {verb} RUN --reason \"…\"", ExitCode.Usage);
            }

            if (run is null)
            {
                body["verb"] = verb;
                body["filter"] = filter;
                return Many(scope, await scope.Api.PostAsync("api/runs:bulk", body, scope.Parsed.GetValue(Key), cancellationToken));
            }

            Fill(body, scope, more);
            return One(scope, verb, await scope.Api.PostAsync($"api/runs/{Uri.EscapeDataString(run)}:{verb}", body, scope.Parsed.GetValue(Key), cancellationToken));
        });
        return command;
    }

    private static void Fill(JsonObject body, CommandScope scope, Option[] options)
    {
        if (options.Contains(Step) && scope.Parsed.GetValue(Step) is { } step)
        {
            body["step"] = step;
        }

        if (options.Contains(Input) && scope.Parsed.GetValue(Input) is { Length: > 0 } inputs)
        {
            body["inputs"] = Inputs.Read(inputs, null);
        }

        if (options.Contains(Output) && scope.Parsed.GetValue(Output) is { Length: > 0 } outputs)
        {
            body["outputs"] = Inputs.Read(outputs, null);
        }

        if (options.Contains(Outcome) && scope.Parsed.GetValue(Outcome) is { } outcome)
        {
            body["outcome"] = outcome;
        }

        if (options.Contains(Found) && scope.Parsed.GetValue(Found) is { } found)
        {
            body["found"] = found;
        }
    }

    private static JsonObject Filter(CommandScope scope)
    {
        var filter = new JsonObject();
        foreach (var (name, option) in new[] { ("runbook", Runbook), ("status", Status), ("host", Host) })
        {
            if (scope.Parsed.GetValue(option) is { Length: > 0 } value)
            {
                filter[name] = value;
            }
        }

        return filter;
    }

    private static int One(CommandScope scope, string verb, JsonNode run)
    {
        if (scope.Json)
        {
            Terminal.Json(run);
            return ExitCode.Done;
        }

        var later = run["applied"]!.GetValue<bool>() ? "" : " No worker has come to it yet.";
        var reason = run["reason"]?.ToString() is { Length: > 0 } why ? $": {why}" : "";
        Terminal.Line(verb == "restart"
            ? $"Started {run["runbook"]} again as run {run["id"]}. Follow it with: runbooks watch {run["id"]}"
            : $"Run {run["id"]} is {Terminal.Word(run["status"]!.ToString())}{reason}.{later}");
        return ExitCode.Done;
    }

    private static int Many(CommandScope scope, JsonNode answer)
    {
        var runs = answer["runs"]!.AsArray().OfType<JsonNode>().ToArray();
        if (scope.Json)
        {
            Terminal.Json(answer);
        }
        else
        {
            foreach (var line in runs)
            {
                Terminal.Line($"{line["id"]} {line["run"]?["runbook"]}: {(line["accepted"]!.GetValue<bool>() ? "told" : line["problem"])}");
            }

            Terminal.Line($"{answer["accepted"]} of {answer["asked"]} runs were told.{(answer["more"]!.GetValue<bool>() ? " There are more: repeat the command." : "")}");
        }

        return answer["accepted"]!.GetValue<int>() == runs.Length ? ExitCode.Done : ExitCode.Failed;
    }
}
