namespace Runbooks.Fleet.Simulation.Policies;

public sealed record RunbooksOptions
{
    public int Window { get; init; } = 48;
    public double Prior { get; init; } = 4;
    public double Floor { get; init; } = 0.2;
    public double Few { get; init; } = 12;
    public double FirstZ { get; init; } = 2;
    public int FirstSteps { get; init; } = 1;
    public double RelieveTo { get; init; } = 1;
    public double NowAt { get; init; } = 0.9;
    public double Beta { get; init; } = 0.15;
    public double Stay { get; init; } = 24;
    public double Low { get; init; } = 0.025;
    public double High { get; init; } = 0.07;
    public int Hold { get; init; } = 6;
    public int Recent { get; init; } = 12;
    public double Drift { get; init; } = 1;
    public double Forget { get; init; } = 0.95;
    public double Trust { get; init; } = 10;
    public double OpenRisk { get; init; } = 0; public double Even { get; init; } = 3;
    public bool FirstSpread { get; init; } = true;
    public int BalMax { get; init; } = 2;
    public double Cap { get; init; } = 1.0;
}
