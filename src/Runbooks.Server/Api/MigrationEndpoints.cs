using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Runbooks.Fleet.Migrations;
using Runbooks.Server.Views;

namespace Runbooks.Server.Api;

/// <summary>Migrations that have ended, the models that have learnt from them, and forecasts of those to come.</summary>
internal static class MigrationEndpoints
{
    private const int Most = 1000;

    /// <summary>A 10 Gbit/s link.</summary>
    private const double UsualMostMiBs = 1192;

    private static readonly string[] Known =
    [
        "hypervisor", "mode", "memoryMiB", "bandwidthMiBs", "touchedMiB", "residentMiB", "hasMoved", "dirtyMiBs", "workingSetMiB", "freeCpuShare",
        "maxDowntimeMs", "maxRounds", "maxDataFactor", "maxSeconds", "dirtyThresholdMiB", "deadlineSeconds", "mostMiBs",
    ];

    public static void MapMigrations(this IEndpointRouteBuilder routes)
    {
        _ = routes.MapGet("/api/migrations", ListAsync).WithName("ListMigrations").WithTags("Migrations")
            .WithSummary("Migrations that have ended, newest first: what was foretold and what was measured.")
            .Produces<IReadOnlyList<MigrationView>>().ProducesProblem(StatusCodes.Status400BadRequest);
        _ = routes.MapGet("/api/migrations/models", (MigrationForecaster forecaster) => forecaster.Figures()).WithName("ListMigrationModels").WithTags("Migrations")
            .WithSummary("The models of migration time, data and downtime: what each has learnt from, and how far its forecasts were off.");
        _ = routes.MapPost("/api/migrations/forecast", ForecastAsync).WithName("ForecastMigration").WithTags("Migrations")
            .WithSummary("What a migration would take, and what a deadline would need. Changes nothing.")
            .Produces<ForecastAnswer>().ProducesProblem(StatusCodes.Status400BadRequest);
    }

    /// <param name="history">What is listed.</param>
    /// <param name="count">How many, 1 to 1000; default: 100.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    private static async Task<IResult> ListAsync(IMigrationHistory history, string? count, CancellationToken cancellationToken)
    {
        var wanted = 100;
        return count is not null && (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out wanted) || wanted is < 1 or > Most)
            ? Problems.Invalid(Problems.InvalidQuery, "The list can't be given", [("count", $"'{count}' is not a whole number from 1 to {Most}.")])
            : Results.Ok((await history.ListAsync(wanted, cancellationToken)).Reverse().Select(MigrationView.Of).ToList());
    }

    private static async Task<IResult> ForecastAsync(HttpRequest request, MigrationForecaster forecaster, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, Known, cancellationToken);
        if (body is null)
        {
            return problem!;
        }

        var mode = MigrationMode.PreCopy;
        if (body.Text("mode") is { } word && (!Enum.TryParse(word, ignoreCase: true, out mode) || !Enum.IsDefined(mode) || !char.IsLetter(word[0])))
        {
            body.Refuse("mode", $"'{word}' is none of {string.Join(", ", Enum.GetNames<MigrationMode>())}.");
        }

        var number = new Numbers(body);
        var migration = new MigrationCase(body.Text("hypervisor") ?? "kvm", mode, number.Required("memoryMiB"), number.Required("bandwidthMiBs"))
        {
            TouchedMiB = number.Optional("touchedMiB"),
            ResidentMiB = number.Optional("residentMiB"),
            HasMoved = body.Flag("hasMoved"),
            DirtyMiBs = number.Optional("dirtyMiBs"),
            WorkingSetMiB = number.Optional("workingSetMiB"),
            FreeCpuShare = number.Optional("freeCpuShare", most: 1),
            MaxDowntime = TimeSpan.FromMilliseconds(number.Optional("maxDowntimeMs") ?? 300),
            MaxRounds = (int)(number.Optional("maxRounds", least: 1, most: 10_000) ?? 29),
            MaxDataFactor = number.Optional("maxDataFactor", least: 0.1) ?? 3,
            MaxTime = TimeSpan.FromSeconds(number.Optional("maxSeconds", least: 1) ?? 600),
            DirtyThresholdMiB = number.Optional("dirtyThresholdMiB") ?? 0,
        };
        var (deadline, most) = (number.Optional("deadlineSeconds", least: 0.001), number.Optional("mostMiBs", least: 0.1) ?? UsualMostMiBs);
        return body.Errors.Count > 0
            ? Problems.Invalid(Problems.InvalidInput, "There is no such migration", body.Errors)
            : Results.Ok(new ForecastAnswer(
                ForecastView.Of(forecaster.Predict(migration)),
                deadline is { } seconds ? forecaster.RequiredFor(migration, TimeSpan.FromSeconds(seconds), most) : null));
    }

    /// <summary>Numbers of a body, each within its range, or named as wrong.</summary>
    private sealed class Numbers(RequestBody body)
    {
        /// <summary>More of anything is a mistake of unit.</summary>
        private const double Largest = 1e9;

        public double Required(string name)
        {
            if (body.Any(name) is null)
            {
                body.Refuse(name, "It is required.");
                return 1;
            }

            return Optional(name, least: 0.1) ?? 1;
        }

        public double? Optional(string name, double least = 0, double most = Largest)
        {
            var node = body.Any(name);
            if (node is null)
            {
                return null;
            }

            if (node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<double>(out var number) && number >= least && number <= most)
            {
                return number;
            }

            body.Refuse(name, string.Create(CultureInfo.InvariantCulture, $"{node.ToJsonString()} is not a number from {least} to {most}."));
            return null;
        }
    }
}
