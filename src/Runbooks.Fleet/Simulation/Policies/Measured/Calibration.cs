namespace Runbooks.Fleet.Simulation.Policies.Measured;

/// <summary>Compares overloads foretold with overloads seen, so that a forecast that is too hopeful is corrected.</summary>
internal sealed class Calibration(double memory, double trust)
{
    private double seen;
    private double foretold;

    /// <summary>How many overloads there were for each one foretold; 1 at the start.</summary>
    public double Factor => (seen + trust) / (foretold + trust);

    /// <param name="overloaded">Hosts overloaded at this sample.</param>
    /// <param name="expected">Hosts that were expected to be.</param>
    public void Observe(int overloaded, double expected)
    {
        seen = (memory * seen) + overloaded;
        foretold = (memory * foretold) + expected;
    }
}
