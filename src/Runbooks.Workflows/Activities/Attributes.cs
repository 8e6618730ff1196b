namespace Runbooks.Workflows.Activities;

/// <summary>Names an activity for definitions and the designer, as in Elsa: <c>Namespace.TypeName</c>.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ActivityAttribute(string @namespace, string category, string description) : Attribute
{
    public string Namespace { get; } = @namespace;

    /// <summary>The group of the designer's toolbox.</summary>
    public string Category { get; } = category;

    /// <summary>One sentence for the operator who looks for it.</summary>
    public string Description { get; } = description;

    /// <summary>Defaults to the class name.</summary>
    public string? TypeName { get; init; }

    public string? DisplayName { get; init; }

    public int Version { get; init; } = 1;
}

/// <summary>The outcomes by which an activity can be left; the designer draws one handle for each. Without it: <c>Done</c>.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class FlowNodeAttribute(params string[] outcomes) : Attribute
{
    public IReadOnlyList<string> Outcomes { get; } = outcomes;
}

/// <summary>Completing it completes the container around it (Elsa: a terminal node).</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class TerminalAttribute : Attribute;

/// <summary>Describes an input; the property is an <see cref="Input{T}"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class InputAttribute : Attribute
{
    public string Description { get; init; } = "";

    public string? DisplayName { get; init; }

    /// <summary>The group of inputs that it belongs to; null: none.</summary>
    public string? Category { get; init; }

    /// <summary>A definition without a value for it is refused when it is loaded.</summary>
    public bool Required { get; init; }

    /// <summary>The value when the definition gives none.</summary>
    public object? DefaultValue { get; init; }

    /// <summary>Elsa Studio's editor for it, such as <c>singleline</c> or <c>dropdown</c>.</summary>
    public string UiHint { get; init; } = "singleline";

    /// <summary>
    /// Names a list of what can be chosen at the moment, such as the hosts of the fleet; whoever shows the designer knows what
    /// is in it. Null: anything can be written.
    /// </summary>
    public string? Choices { get; init; }
}

/// <summary>Describes an output; the property is an <see cref="Output{T}"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OutputAttribute : Attribute
{
    public string Description { get; init; } = "";
}

/// <summary>A slot that holds one child activity; the property is an <see cref="Activity"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PortAttribute : Attribute;
