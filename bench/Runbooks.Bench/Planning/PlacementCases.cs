using System.Text.Json.Nodes;

namespace Runbooks.Bench.Planning;

/// <summary>The planner on generated fleets.</summary>
internal static class PlacementCases
{
    public static IEnumerable<JsonObject> Run() => [];
}
