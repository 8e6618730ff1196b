namespace Runbooks.Fleet.Planning.Core;

/// <summary>Free memory and vCPUs of hosts in a tree, to find the first host with room without looking at all of them.</summary>
internal sealed class RoomTree
{
    private readonly int leaves;
    private readonly long[] memory;
    private readonly double[] vcpus;

    public RoomTree(int hosts)
    {
        leaves = 1;
        while (leaves < hosts)
        {
            leaves *= 2;
        }

        memory = new long[2 * leaves];
        vcpus = new double[2 * leaves];
        Array.Fill(memory, NoRoom.Memory);
        Array.Fill(vcpus, NoRoom.Vcpus);
        Count = hosts;
    }

    /// <summary>The room of a host that may not be used.</summary>
    public static (long Memory, double Vcpus) NoRoom => (long.MinValue, double.NegativeInfinity);

    public int Count { get; }

    public (long Memory, double Vcpus) At(int host) => (memory[leaves + host], vcpus[leaves + host]);

    public void Fill(Func<int, (long Memory, double Vcpus)> room)
    {
        for (var h = 0; h < Count; h++)
        {
            (memory[leaves + h], vcpus[leaves + h]) = room(h);
        }

        for (var i = leaves - 1; i > 0; i--)
        {
            Combine(i);
        }
    }

    public void Set(int host, (long Memory, double Vcpus) room)
    {
        var i = leaves + host;
        (memory[i], vcpus[i]) = room;
        for (i /= 2; i > 0; i /= 2)
        {
            var (m, c) = (memory[i], vcpus[i]);
            Combine(i);
            if (m == memory[i] && c.Equals(vcpus[i]))
            {
                return;
            }
        }
    }

    /// <summary>The first host by index with this much of both; -1 when there is none.</summary>
    public int First(long needMemory, double needVcpus) => First(1, needMemory, needVcpus);

    /// <summary>Both maxima may come from different hosts, so a branch that looks good can still be empty.</summary>
    private int First(int node, long needMemory, double needVcpus)
    {
        if (memory[node] < needMemory || vcpus[node] < needVcpus)
        {
            return -1;
        }

        if (node >= leaves)
        {
            return node - leaves;
        }

        var found = First(2 * node, needMemory, needVcpus);
        return found >= 0 ? found : First((2 * node) + 1, needMemory, needVcpus);
    }

    private void Combine(int node)
    {
        memory[node] = Math.Max(memory[2 * node], memory[(2 * node) + 1]);
        vcpus[node] = Math.Max(vcpus[2 * node], vcpus[(2 * node) + 1]);
    }
}
