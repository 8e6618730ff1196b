using System.Globalization;
using System.Text.Json.Nodes;

namespace Runbooks.Workflows.ControlFlow;

/// <summary>
/// Numbers by name in the state of a step, so that they survive a crash. A number that is 0 is not kept: the state is as
/// large as the flowchart, however many rounds its loops make.
/// </summary>
internal sealed class FlowNumbers
{
    private readonly JsonObject section;

    public FlowNumbers(JsonObject state, string name)
    {
        if (state[name] is not JsonObject known)
        {
            state[name] = known = [];
        }

        section = known;
    }

    public long this[string key]
    {
        get => section[key]?.GetValue<long>() ?? 0;
        set
        {
            if (value == 0)
            {
                _ = section.Remove(key);
            }
            else
            {
                section[key] = value;
            }
        }
    }

    public long this[int connection]
    {
        get => this[Key(connection)];
        set => this[Key(connection)] = value;
    }

    /// <summary>Connections whose number is not 0, in order. A copy.</summary>
    public IReadOnlyList<int> Connections => [.. section.Select(s => int.Parse(s.Key, CultureInfo.InvariantCulture)).Order()];

    private static string Key(int connection) => connection.ToString(CultureInfo.InvariantCulture);
}
