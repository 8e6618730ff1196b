using Runbooks.Workflows.Expressions;
using Runbooks.Workflows.Runs;

namespace Runbooks.Workflows.Activities;

/// <summary>
/// What an activity knows when it says how a step would end that a dry run leaves out: the inputs, and nothing by which the
/// world could be touched.
/// </summary>
public sealed class PredictionContext
{
    private readonly ActivityExecution execution;

    internal PredictionContext(ActivityExecution execution) => this.execution = execution;

    /// <summary>The value of an input. A secret is not looked up: its value is the default of the type.</summary>
    /// <exception cref="ExpressionException">The value does not fit the input's type.</exception>
    public T? Get<T>(Input<T> input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.Expression is Expression.Secret
            ? default
            : ValueConversion.To<T>(execution.Inputs.TryGetPropertyValue(input.Name, out var value) ? value : input.Default, input.Name);
    }
}
