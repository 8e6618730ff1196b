using System.CommandLine;
using System.Text.Json.Nodes;
using Runbooks.Cli.Output;

namespace Runbooks.Cli.Commands;

/// <summary><c>runbooks run approvals|approve|reject</c>: what waits for a yes or no.</summary>
internal static class ApprovalCommands
{
    public static IEnumerable<Command> All() => [List(), Answer("approve", "Says yes to an approval."), Answer("reject", "Says no to an approval.")];

    private static Command List()
    {
        var command = new Command("approvals", "Lists what waits for approval, and who may give it.");
        command.Does(async (scope, cancellationToken) =>
        {
            var approvals = (await scope.Api.GetAsync("api/approvals", cancellationToken)).AsArray();
            if (scope.Json)
            {
                Terminal.Json(approvals);
                return ExitCode.Done;
            }

            foreach (var approval in approvals.OfType<JsonNode>())
            {
                Terminal.Line($"{approval["id"]}  {approval["subject"]}");
                Terminal.Line($"    {approval["runbook"]}, asked by {approval["requestedBy"] ?? "nobody who said so"}; until {approval["expiresAt"]}; may be approved by {Names(approval["mayApprove"])}{(approval["planHash"] is { } hash ? $"; plan {hash}" : "")}");
            }

            if (approvals.Count == 0)
            {
                Terminal.Line("Nothing waits for approval.");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static Command Answer(string verb, string description)
    {
        var id = new Argument<string>("approval") { Description = "Id of the approval, as 'runbooks run approvals' shows it." };
        var hash = new Option<string>("--plan-hash") { Description = "Hash of the plan that you looked at; needed when the approval has one." };
        var command = new Command(verb, description) { id, CommonOptions.Reason, CommonOptions.Actor, hash };
        command.Does(async (scope, cancellationToken) =>
        {
            var body = CommonOptions.Signed(scope.Parsed, $"runbooks run {verb} {scope.Parsed.GetValue(id)}");
            if (scope.Parsed.GetValue(hash) is { } given)
            {
                body["planHash"] = given;
            }

            var approval = await scope.Api.PostAsync($"api/approvals/{Uri.EscapeDataString(scope.Parsed.GetValue(id)!)}:{verb}", body, null, cancellationToken);
            if (scope.Json)
            {
                Terminal.Json(approval);
            }
            else
            {
                Terminal.Line($"{approval["subject"]} {(approval["applied"]!.GetValue<bool>() ? approval["state"] : "has your answer; no worker has come to it yet")}.");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static string Names(JsonNode? names) => names is JsonArray { Count: > 0 } list ? string.Join(", ", list.Select(n => n?.ToString())) : "nobody; give somebody the role in Access:People";
}
