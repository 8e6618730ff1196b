namespace Runbooks.Storage;

/// <summary>
/// The storage cannot be used, and the server must not start half. The message is for the operator: what is wrong, with
/// which database or folder, and what to do. It never holds a password.
/// </summary>
public sealed class StorageUnavailableException : Exception
{
    public StorageUnavailableException(string message)
        : base(message)
    {
    }

    public StorageUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
