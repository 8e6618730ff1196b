namespace Runbooks.Server.Tests.Fixture;

internal static class TestRunbooks
{
    /// <summary>Waits for an hour, and has inputs of several types.</summary>
    public const string Wait =
        """
        {
          "definitionId": "wait", "name": "Wait", "description": "Waits.",
          "inputs": [
            { "name": "Count", "type": "Int32" },
            { "name": "Note", "type": "String" },
            { "name": "Names", "type": "String", "isArray": true }
          ],
          "outputs": [], "variables": [],
          "customProperties": { "runbooks:requiredInputs": ["Note"] },
          "root": {
            "id": "Sequence1", "type": "Elsa.Sequence", "activities": [
              { "id": "delay", "type": "Elsa.Delay", "timeSpan": { "typeName": "TimeSpan", "expression": { "type": "Literal", "value": "01:00:00" } } }
            ]
          }
        }
        """;

    /// <summary>Waits for an event, then for a task.</summary>
    public const string Listen =
        """
        {
          "definitionId": "listen", "name": "Listen", "inputs": [], "outputs": [], "variables": [],
          "root": {
            "id": "Sequence1", "type": "Elsa.Sequence", "activities": [
              { "id": "knock", "type": "Elsa.Event", "eventName": { "typeName": "String", "expression": { "type": "Literal", "value": "knock" } } },
              { "id": "task", "type": "Elsa.RunTask", "taskName": { "typeName": "String", "expression": { "type": "Literal", "value": "open-door" } } }
            ]
          }
        }
        """;

    /// <summary>Waits, and lets no other run of itself start meanwhile.</summary>
    public const string Alone =
        """
        {
          "definitionId": "alone", "name": "Alone", "inputs": [], "outputs": [], "variables": [],
          "options": { "activationStrategyType": "Elsa.Workflows.ActivationValidators.SingletonStrategy, Elsa.Workflows.Core" },
          "root": {
            "id": "Sequence1", "type": "Elsa.Sequence", "activities": [
              { "id": "delay", "type": "Elsa.Delay", "timeSpan": { "typeName": "TimeSpan", "expression": { "type": "Literal", "value": "01:00:00" } } }
            ]
          }
        }
        """;

    public const string Broken =
        """
        {
          "definitionId": "broken", "name": "Broken", "inputs": [], "outputs": [], "variables": [],
          "root": { "id": "Sequence1", "type": "Elsa.Sequence", "activities": [ { "id": "odd", "type": "Elsa.SendSmokeSignal" } ] }
        }
        """;
}
