namespace Runbooks.Storage.Embedded;

/// <summary>
/// One server per data folder. The kernel gives the lock back when the process ends, however it ends, so nothing stale can
/// stay behind; children do not inherit it.
/// </summary>
internal sealed class DataFolderLock : IDisposable
{
    private readonly FileStream file;

    private DataFolderLock(FileStream file) => this.file = file;

    /// <exception cref="StorageUnavailableException">Another server uses the folder.</exception>
    public static DataFolderLock Take(string dataFolder)
    {
        var path = Path.Combine(dataFolder, "server.lock");
        FileStream taken;
        try
        {
            taken = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new StorageUnavailableException(
                $"Another server ({WhoHolds(path)}) uses the data folder {dataFolder}. Stop it first, or start this one with another folder: --Storage:DataFolder=<folder>.", e);
        }

        taken.SetLength(0);
        taken.Write(System.Text.Encoding.ASCII.GetBytes($"process {Environment.ProcessId}"));
        taken.Flush();
        return new DataFolderLock(taken);
    }

    public void Dispose() => file.Dispose();

    private static string WhoHolds(string path)
    {
        try
        {
            // This way of opening asks for no lock.
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            return reader.ReadToEnd() is { Length: > 0 } holder ? holder : "unknown";
        }
        catch (IOException)
        {
            return "unknown";
        }
    }
}
