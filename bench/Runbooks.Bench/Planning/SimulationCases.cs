using System.Text.Json.Nodes;

namespace Runbooks.Bench.Planning;

/// <summary>The simulator on traces.</summary>
internal static class SimulationCases
{
    public static IEnumerable<JsonObject> Run(string dataFolder) => [];
}
