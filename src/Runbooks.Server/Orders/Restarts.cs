using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Runbooks.Workflows.Operations;
using Runbooks.Workflows.Runs;

namespace Runbooks.Server.Orders;

/// <summary>A new run in place of one that has ended. The key under which it is made says which one.</summary>
internal static class Restarts
{
    private const string Prefix = "restart:";

    /// <summary>The wish for the new run: inputs that the order names replace the old ones, the others stay; null takes one away.</summary>
    public static StartRequest Of(Run run, RunOrder order)
    {
        var input = run.Input.DeepClone().AsObject();
        foreach (var (name, value) in order.Inputs ?? [])
        {
            var known = input.FirstOrDefault(p => string.Equals(p.Key, name, StringComparison.OrdinalIgnoreCase)).Key ?? name;
            _ = input.Remove(known);
            if (value is not null)
            {
                input[known] = value.DeepClone();
            }
        }

        // Without a key of the caller's, the same inputs once more are the same wish.
        var key = order.Key is { } given ? $"key:{given}" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(input.ToJsonString())))[..16];
        return new StartRequest(run.DefinitionId, input, ActorName.StartedBy(order.Actor, order.Reason), $"{Prefix}{run.Id}:{key}", run.CorrelationId)
        {
            IsDryRun = run.IsDryRun,
            Draft = run.DefinitionVersion < 0 ? run.DefinitionVersion : null,
        };
    }

    /// <summary>The run in whose place this one was started; null for a run of its own.</summary>
    public static string? OriginOf(Run run) =>
        run.IdempotencyKey is { } key && key.StartsWith(Prefix, StringComparison.Ordinal) && RunId.TryParse(key[Prefix.Length..].Split(':')[0], out var origin) ? origin.ToString() : null;
}
