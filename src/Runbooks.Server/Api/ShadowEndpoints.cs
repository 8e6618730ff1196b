using System.Globalization;
using Runbooks.Fleet.Simulation.Cluster;
using Runbooks.Fleet.Simulation.Policies;
using Runbooks.Server.Fleet;

namespace Runbooks.Server.Api;

/// <summary>What another policy would have done with our own history.</summary>
internal static class ShadowEndpoints
{
    private const double LongestHours = 24 * 31;

    public static void MapShadow(this IEndpointRouteBuilder routes) => _ = routes.MapGet("/api/shadow", CompareAsync)
        .WithName("CompareWithShadow").WithTags("Fleet")
        .WithSummary("Replays the recorded loads of our VMs under the policy that is used and another one: energy, migrations, overload, and the differences. Changes nothing.")
        .ProducesProblem(StatusCodes.Status400BadRequest);

    /// <param name="desk">Calculates.</param>
    /// <param name="clock">The time until which history is taken.</param>
    /// <param name="policy">The policy that is used; default: thr:0.8.</param>
    /// <param name="against">The policy that is looked at; default: runbooks.</param>
    /// <param name="hours">How far back, hours, above 0 and at most a month; default: 24.</param>
    /// <param name="step">Seconds between decisions, 1 to 3600; default: 300.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    private static async Task<IResult> CompareAsync(ShadowDesk desk, TimeProvider clock, string? policy, string? against, string? hours, string? step, CancellationToken cancellationToken)
    {
        var errors = new List<(string, string)>();
        var back = Number(hours, 24, 0, LongestHours, "hours", errors);
        var between = Number(step, 300, 0, 3600, "step", errors);
        foreach (var (field, name) in new[] { ("policy", policy), ("against", against) })
        {
            try
            {
                _ = name is null ? null : PolicyName.Parse(name);
            }
            catch (FormatException e)
            {
                errors.Add((field, e.Message));
            }
        }

        if (errors.Count > 0)
        {
            return Problems.Invalid(Problems.InvalidQuery, "The question can't be answered", errors);
        }

        try
        {
            var answer = await desk.CompareAsync(
                new ShadowRequest(policy ?? "thr:0.8", against ?? "runbooks", clock.GetUtcNow() - TimeSpan.FromHours(back), TimeSpan.FromSeconds(between)), cancellationToken);
            return Results.Ok(Shown(answer, policy ?? "thr:0.8", against ?? "runbooks"));
        }
        catch (SimulationException e)
        {
            return Problems.Invalid(Problems.InvalidQuery, "There is no such history", [("hours", e.Message)]);
        }
    }

    private static double Number(string? text, double usual, double above, double most, string field, List<(string, string)> errors)
    {
        if (text is null)
        {
            return usual;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > above && number <= most)
        {
            return number;
        }

        errors.Add((field, string.Create(CultureInfo.InvariantCulture, $"'{text}' is not a number above {above} and at most {most}.")));
        return usual;
    }

    private static object Shown(ShadowAnswer answer, string policy, string against) => new
    {
        Policy = policy,
        Against = against,
        answer.Vms,
        answer.LeftOut,
        answer.Compared.Samples,
        answer.Compared.FilledShare,
        Used = Figures(answer.Compared.A),
        Shadow = Figures(answer.Compared.B),
        Difference = new
        {
            EnergyKwh = -answer.Compared.SavedKwh,
            Migrations = answer.Compared.MoreMigrations,
            OverloadPct = answer.Compared.MoreOverloadPct,
            UnservedCpuPct = answer.Compared.MoreUnservedPct,
        },
    };

    private static object Figures(SimulationResult result) => new
    {
        result.EnergyKwh,
        result.Migrations,
        OverloadPct = result.SlatahPct,
        result.UnservedCpuPct,
        result.MeanActive,
        result.HostOn,
        result.HostOff,
    };
}
