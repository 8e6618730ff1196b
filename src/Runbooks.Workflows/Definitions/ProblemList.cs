namespace Runbooks.Workflows.Definitions;

/// <summary>Collects problems of one source. A file of nothing but mistakes does not fill the memory with messages.</summary>
internal sealed class ProblemList(string source)
{
    private const int Most = 200;

    private readonly List<DefinitionProblem> problems = [];

    public string Source => source;

    public bool Any => problems.Count > 0;

    public int Count => problems.Count;

    public IReadOnlyList<DefinitionProblem> All => problems;

    public void Add(string? activityId, string message)
    {
        if (problems.Count < Most)
        {
            problems.Add(new DefinitionProblem(source, activityId, message));
        }
        else if (problems.Count == Most)
        {
            problems.Add(new DefinitionProblem(source, null, $"There are more than {Most} problems; the others are not listed."));
        }
    }
}
