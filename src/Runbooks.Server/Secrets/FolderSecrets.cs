using Runbooks.Workflows.Secrets;

namespace Runbooks.Server.Secrets;

/// <summary>Secrets as files of a folder, read at each use: a changed file counts from then on.</summary>
internal sealed class FolderSecrets(SecretsOptions options) : ISecretSource
{
    /// <summary>64 KiB: more than any key, less than a mistake.</summary>
    private const int Largest = 64 * 1024;

    public SecretAnswer Find(string name)
    {
        if (options.Folder is not { Length: > 0 } folder)
        {
            return new SecretAnswer.Missing($"Secret '{name}' is asked for, and Secrets:Folder is not set. Set it to a folder with one file per secret.");
        }

        // Definitions are checked for this when they are loaded; a path must not depend on that.
        if (!SecretNames.IsName(name))
        {
            return new SecretAnswer.Missing($"'{name}' is not a name of a secret.");
        }

        var path = Path.Combine(folder, name);
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                return new SecretAnswer.Missing($"There is no secret '{name}': the folder '{folder}' has no file of that name. Put it there and retry.");
            }

            if (file.Length > Largest)
            {
                return new SecretAnswer.Missing($"Secret '{name}' has {file.Length} bytes; at most {Largest} are taken.");
            }

            var text = WithoutLastNewline(File.ReadAllText(path));
            return text.Length == 0
                ? new SecretAnswer.Missing($"Secret '{name}' is empty: write its value into '{path}' and retry.")
                : new SecretAnswer.Found(text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new SecretAnswer.Missing($"Secret '{name}' can't be read from '{path}': {e.Message}");
        }
    }

    /// <summary>One newline is what an editor adds; a second one is meant.</summary>
    private static string WithoutLastNewline(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
}
