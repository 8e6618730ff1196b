using System.Diagnostics.CodeAnalysis;
using Runbooks.Fleet.Model;

namespace Runbooks.Hypervisors.Contract;

/// <summary>What went wrong between us and a host. The difference between the kinds decides what a run may do next.</summary>
public enum FaultKind
{
    /// <summary>The host understood and said no. Nothing has changed.</summary>
    Refused,

    /// <summary>The object does not exist there. Nothing has changed.</summary>
    NotFound,

    /// <summary>The driver or the hypervisor cannot do this at all. Nothing has changed.</summary>
    Unsupported,

    /// <summary>The host could not be reached before the request was made. Nothing has changed through us.</summary>
    Unreachable,

    /// <summary>The host's key is unknown or has changed; nothing was sent. Only an operator may accept a new key.</summary>
    HostKeyRejected,

    /// <summary>The request was made and no trustworthy answer came: it may or may not have happened. Observe before acting.</summary>
    UnknownOutcome,

    /// <summary>The host answered something that we do not understand. The state is unknown.</summary>
    BadAnswer,
}

/// <summary>A failure as a value: which host, what was tried, what was found, what to do.</summary>
/// <param name="Kind">What it means for the next step.</param>
/// <param name="Host">The host.</param>
/// <param name="Message">What was tried and what came back, in one or two sentences.</param>
/// <param name="Advice">What a person can do about it.</param>
public sealed record HypervisorFault(FaultKind Kind, HostName Host, string Message, string? Advice = null)
{
    /// <summary>True when it is certain that the request changed nothing.</summary>
    public bool NothingChanged => Kind is not (FaultKind.UnknownOutcome or FaultKind.BadAnswer);

    public override string ToString() => Advice is null ? $"{Host}: {Message}" : $"{Host}: {Message} {Advice}";
}

/// <summary>A value, or the fault that stood in its way.</summary>
public sealed class Result<T>
{
    private readonly T? value;

    private Result(T? value, HypervisorFault? fault) => (this.value, Fault) = (value, fault);

    public HypervisorFault? Fault { get; }

    [MemberNotNullWhen(false, nameof(Fault))]
    public bool IsOk => Fault is null;

    /// <exception cref="InvalidOperationException">There is a fault instead.</exception>
    public T Value => Fault is null ? value! : throw new InvalidOperationException($"No value: {Fault}");

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(HypervisorFault fault) => new(default, fault);

    public Result<TOther> Map<TOther>(Func<T, TOther> map) => Fault is null ? map(value!) : Fault;

    public override string ToString() => Fault is null ? $"Ok({value})" : $"{Fault.Kind}({Fault})";
}

/// <summary>The value of a request that only has an effect.</summary>
public readonly record struct Unit;
