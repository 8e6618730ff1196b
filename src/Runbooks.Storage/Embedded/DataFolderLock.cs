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
                $"Another server ({WhoHolds(dataFolder)}) uses the data folder {dataFolder}. Stop it first, or start this one with another folder: --Data=<folder>.", e);
        }

        // Apart from the lock, because a locked file cannot be read.
        File.WriteAllText(HolderFile(dataFolder), $"process {Environment.ProcessId}");
        return new DataFolderLock(taken);
    }

    public void Dispose() => file.Dispose();

    private static string HolderFile(string dataFolder) => Path.Combine(dataFolder, "server.pid");

    private static string WhoHolds(string dataFolder)
    {
        try
        {
            return File.ReadAllText(HolderFile(dataFolder));
        }
        catch (IOException)
        {
            return "unknown";
        }
    }
}
