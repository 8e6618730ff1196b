namespace Runbooks.Fleet.Simulation.Cluster;

/// <summary>A simulation can't be carried out; the message says what does not fit, and what to change.</summary>
public sealed class SimulationException(string message) : Exception(message);
