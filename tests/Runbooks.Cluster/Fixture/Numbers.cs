namespace Runbooks.Cluster.Fixture;

/// <summary>How much is done: little by default, much with <c>CLUSTER_LONG=1</c>.</summary>
public static class Numbers
{
    public static bool Long { get; } = Environment.GetEnvironmentVariable("CLUSTER_LONG") == "1";

    public static int Of(int usual, int many) => Long ? many : usual;
}
