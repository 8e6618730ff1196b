namespace Runbooks.Hypervisors.Tests.Libvirt;

/// <summary>What real virsh wrote.</summary>
internal static class Sample
{
    public static string Text(string name)
    {
        using var stream = typeof(Sample).Assembly.GetManifestResourceStream(name)
            ?? throw new FileNotFoundException($"There is no sample {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    public static string[] Lines(string name) =>
        [.. Text(name).Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0)];
}
