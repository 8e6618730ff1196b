using Runbooks.Hypervisors.Xen.Answers;

namespace Runbooks.Hypervisors.Xen;

/// <summary>
/// The CPU time that a host has used, as a counter that only grows. Xen counts for each domain, and a domain that leaves
/// takes its count with it; so what each has added since it was last seen is summed up.
/// </summary>
internal sealed class CpuMeter
{
    private readonly Lock gate = new();
    private Dictionary<int, TimeSpan> last = [];
    private TimeSpan total;

    public TimeSpan Add(DomainRow first, IEnumerable<DomainRow> guests)
    {
        lock (gate)
        {
            // The first domain's count goes back only when the host has begun anew, and then so does everything.
            if (last.TryGetValue(first.Id, out var before) && first.CpuTime < before)
            {
                (last, total) = ([], TimeSpan.Zero);
            }

            var now = guests.Append(first).ToDictionary(d => d.Id, d => d.CpuTime);
            foreach (var (id, time) in now)
            {
                var grown = time - last.GetValueOrDefault(id);
                total += grown > TimeSpan.Zero ? grown : TimeSpan.Zero;
            }

            last = now;
            return total;
        }
    }
}
