using System.Text.Json.Nodes;
using Runbooks.Workflows.Activities;

namespace Runbooks.Server.Elsa.Descriptors;

/// <summary>How Studio edits an input.</summary>
/// <param name="Hint">The name of the editor.</param>
/// <param name="Syntax">The kind of expression that it begins with.</param>
/// <param name="Specifications">What the editor needs to know; keyed by its name.</param>
internal sealed record InputEditor(string Hint, string Syntax, JsonObject? Specifications);

/// <summary>Chooses the editor of an input: a list where there is something to choose from. Pure.</summary>
internal static class InputEditors
{
    private const string Literal = "Literal";
    private const string JavaScript = "JavaScript";
    private const string DropDown = "dropdown";
    private const string CodeEditor = "code-editor";

    public static InputEditor For(ActivityDescriptor activity, InputDescriptor input, FleetLists fleet)
    {
        var type = Nullable.GetUnderlyingType(input.ValueType) ?? input.ValueType;
        if (input.Choices is { } choices)
        {
            return new InputEditor(DropDown, Literal, Choose(fleet.Items(choices)));
        }

        if (type.IsEnum)
        {
            return new InputEditor(DropDown, Literal, Choose([.. Enum.GetNames(type).Select(n => new Choice(ActivityViews.Words(n), n))]));
        }

        return input.UiHint switch
        {
            CodeEditor => new InputEditor(CodeEditor, Literal, new JsonObject { [CodeEditor] = new JsonObject { ["editorHeight"] = "Large", ["language"] = "javascript", ["singleLineMode"] = false } }),
            "switch-editor" when activity.TypeName == "Elsa.FlowSwitch" => new InputEditor("flow-switch-editor", Literal, null),
            // A condition that is always the same decides nothing.
            "checkbox" when input.Name == "Condition" => new InputEditor("checkbox", JavaScript, null),
            _ when type == typeof(bool) => new InputEditor("checkbox", Literal, null),
            var hint => new InputEditor(hint, Literal, null),
        };
    }

    /// <remarks>
    /// Studio can be told to ask for a list again each time that it draws an input; it then asks several times a second for as
    /// long as the input is shown. The list that comes with the page is new enough.
    /// </remarks>
    private static JsonObject Choose(IReadOnlyList<Choice> items) => new()
    {
        [DropDown] = new JsonObject
        {
            ["selectList"] = new JsonObject
            {
                ["items"] = new JsonArray([.. items.Select(i => new JsonObject { ["text"] = i.Text, ["value"] = i.Value })]),
                ["isFlagsEnum"] = false,
                ["sortItems"] = false,
            },
            ["providerName"] = null,
        },
    };
}
