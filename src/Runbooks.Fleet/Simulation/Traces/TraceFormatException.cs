namespace Runbooks.Fleet.Simulation.Traces;

/// <summary>A trace or set-up file can't be read; the message names the line and the field, what was found and what to do.</summary>
public sealed class TraceFormatException(string message) : FormatException(message);
