using Runbooks.Workflows.Approvals;
using Runbooks.Workflows.Operations;

namespace Runbooks.Workflows.Tests.Approvals;

public sealed class ApprovalRuleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly ApprovalRequest Request = new("id", "Empty host01?", null, ["approver", "Owner"], "p1", Noon, Noon.AddHours(1));

    private static readonly ApprovalAnswer Good = new(true, "bert", ["approver"], "anna", "p1", "fine", Noon.AddMinutes(60));

    [Fact]
    public void Somebody_else_with_one_of_the_roles_in_time_for_the_same_plan_may() => Assert.Null(ApprovalRule.Check(Request, Good));

    [Fact]
    public void Any_of_the_roles_counts_whatever_its_case() => Assert.Null(ApprovalRule.Check(Request, Good with { Roles = ["operator", "OWNER"] }));

    public static TheoryData<string, ApprovalAnswer, ApprovalObjection> Objections => new()
    {
        { "a second too late", Good with { At = Noon.AddMinutes(60).AddTicks(1) }, ApprovalObjection.Late },
        { "another role", Good with { Roles = ["operator"] }, ApprovalObjection.NoRole },
        { "no role", Good with { Roles = [] }, ApprovalObjection.NoRole },
        { "no role for a no either", Good with { Roles = [], Approved = false }, ApprovalObjection.NoRole },
        { "their own", Good with { By = "anna" }, ApprovalObjection.OwnRequest },
        { "their own in capitals", Good with { By = "ANNA" }, ApprovalObjection.OwnRequest },
        { "nobody knows whose", Good with { Requester = null }, ApprovalObjection.UnnamedRequester },
        { "another plan", Good with { PlanHash = "p2" }, ApprovalObjection.OtherPlan },
        { "no plan", Good with { PlanHash = null }, ApprovalObjection.OtherPlan },
        { "another plan for a no", Good with { PlanHash = "p2", Approved = false }, ApprovalObjection.OtherPlan },
    };

    [Theory]
    [MemberData(nameof(Objections))]
    public void What_does_not_count_is_refused(string what, ApprovalAnswer answer, ApprovalObjection expected) =>
        Assert.Equal((what, expected), (what, ApprovalRule.Check(Request, answer)!.Value.Objection));

    [Fact]
    public void Whoever_asked_may_still_say_no() => Assert.Null(ApprovalRule.Check(Request, Good with { By = "anna", Approved = false }));

    [Fact]
    public void A_plan_that_was_not_asked_for_is_not_answered() =>
        Assert.Equal(ApprovalObjection.OtherPlan, ApprovalRule.Check(Request with { PlanHash = null }, Good)!.Value.Objection);

    [Fact]
    public void Request_and_answer_come_back_from_json_as_they_were()
    {
        Assert.Equal(Request.ToJson().ToJsonString(), ApprovalRequest.From(Request.ToJson())!.ToJson().ToJsonString());
        Assert.Equal(Good.ToJson().ToJsonString(), ApprovalAnswer.From(Good.ToJson())!.ToJson().ToJsonString());
        Assert.Null(ApprovalAnswer.From(null));
        Assert.Null(ApprovalAnswer.From(new System.Text.Json.Nodes.JsonObject { ["by"] = "bert", ["decision"] = "Maybe", ["at"] = Noon.ToString("O") }));
    }

    [Theory]
    [InlineData("api", null)]
    [InlineData("api: because", null)]
    [InlineData("anna", "anna")]
    [InlineData("anna: because: really", "anna")]
    [InlineData("schedule:nightly", "schedule:nightly")]
    public void Who_started_a_run_is_what_it_keeps_before_the_reason(string startedBy, string? name) => Assert.Equal(name, ActorName.StarterOf(startedBy));

    [Theory]
    [InlineData("anna", true)]
    [InlineData("Anna B. O_Neil@example.org", true)]
    [InlineData("", false)]
    [InlineData("anna: x", false)]
    [InlineData(" anna", false)]
    [InlineData("anna ", false)]
    [InlineData("schedule:nightly", false)]
    [InlineData("a\nb", false)]
    public void A_name_can_not_be_taken_for_something_else(string text, bool isName) => Assert.Equal(isName, ActorName.IsName(text));
}
