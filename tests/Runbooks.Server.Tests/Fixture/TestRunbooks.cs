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

    /// <summary>Asks for approval of a plan; cordons a host when it is given.</summary>
    public const string Ask =
        """
        {
          "definitionId": "ask", "name": "Ask", "description": "Asks.",
          "inputs": [ { "name": "Host", "type": "String" } ], "outputs": [], "variables": [],
          "root": {
            "id": "Flowchart1", "type": "Elsa.Flowchart", "activities": [
              { "id": "ask", "type": "Runbooks.RequestApproval",
                "subject": { "typeName": "String", "expression": { "type": "JavaScript", "value": "return 'Empty ' + getInput('Host') + '?';" } },
                "details": { "typeName": "Object", "expression": { "type": "Object", "value": "{\"moves\":3,\"saves\":\"180 W\"}" } },
                "roles": { "typeName": "String[]", "expression": { "type": "Object", "value": "[\"approver\"]" } },
                "planHash": { "typeName": "String", "expression": { "type": "Literal", "value": "p-42" } } },
              { "id": "cordon", "type": "Runbooks.CordonHost", "host": { "typeName": "String", "expression": { "type": "Input", "value": "Host" } } }
            ],
            "connections": [ { "source": { "activity": "ask", "port": "Approved" }, "target": { "activity": "cordon", "port": "In" } } ]
          }
        }
        """;

    /// <summary>Runs another runbook as its part.</summary>
    public const string AskAsPart =
        """
        {
          "definitionId": "ask-as-part", "name": "Ask as part", "inputs": [], "outputs": [], "variables": [],
          "root": {
            "id": "Sequence1", "type": "Elsa.Sequence", "activities": [
              { "id": "part", "type": "Elsa.ExecuteWorkflow",
                "workflowDefinitionId": { "typeName": "String", "expression": { "type": "Literal", "value": "ask" } },
                "input": { "typeName": "ObjectDictionary", "expression": { "type": "Object", "value": "{\"Host\":\"host10\"}" } } }
            ]
          }
        }
        """;

    /// <summary>Cordons a host, then stops at a step that waits for a person.</summary>
    public const string Stuck =
        """
        {
          "definitionId": "stuck", "name": "Stuck", "description": "Stops.",
          "inputs": [ { "name": "Host", "type": "String" } ], "outputs": [], "variables": [],
          "options": { "incidentStrategyType": "ContinueWithIncidentsStrategy" },
          "root": {
            "id": "Sequence1", "type": "Elsa.Sequence", "activities": [
              { "id": "cordon", "type": "Runbooks.CordonHost", "metadata": { "displayText": "Cordon the host" }, "host": { "typeName": "String", "expression": { "type": "Input", "value": "Host" } } },
              { "id": "stop", "type": "Elsa.Fault", "metadata": { "displayText": "Check the rack" }, "message": { "typeName": "String", "expression": { "type": "Literal", "value": "The rack does not answer." } } },
              { "id": "line", "type": "Elsa.WriteLine", "text": { "typeName": "String", "expression": { "type": "Literal", "value": "On we go." } } }
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
