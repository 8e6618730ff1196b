namespace Runbooks.Server.Secrets;

/// <summary>Section <c>Secrets</c>.</summary>
public sealed class SecretsOptions
{
    public const string Section = "Secrets";

    /// <summary>
    /// A folder with one file per secret, named as the secret is, such as what systemd gives in <c>$CREDENTIALS_DIRECTORY</c>.
    /// Null: there are no secrets, and a step that asks for one fails.
    /// </summary>
    public string? Folder { get; set; }

    public void Check(List<string> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        if (Folder is { Length: > 0 } && !Directory.Exists(Folder))
        {
            problems.Add($"Secrets:Folder is '{Folder}', which is not a folder. Make it, readable by the server alone, with one file per secret.");
        }
    }
}
