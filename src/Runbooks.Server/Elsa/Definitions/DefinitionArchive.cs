using System.IO.Compression;
using System.Text;
using Runbooks.Workflows.Library;

namespace Runbooks.Server.Elsa.Definitions;

/// <summary>Definitions in a zip.</summary>
internal static class DefinitionArchive
{
    private const int MostFiles = 1000;

    /// <summary>Unpacked; a small zip can hold very much.</summary>
    private const long MostBytes = 64L * 1024 * 1024;

    public static byte[] Pack(IEnumerable<(string Name, byte[] Content)> files)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return memory.ToArray();
    }

    /// <summary>The definitions in a file: itself, or those in the zip that it is.</summary>
    public static async Task<(IReadOnlyList<ImportFile> Files, string? Problem)> ReadAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        if (!name.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
        {
            return await TextAsync(content, MostBytes, cancellationToken) is { } text
                ? ([new ImportFile(name, text)], null)
                : ([], $"{name}: it is larger than {MostBytes / 1024 / 1024} MiB.");
        }

        try
        {
            await using var zip = await ZipArchive.CreateAsync(content, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, cancellationToken);
            var entries = zip.Entries.Where(e => e.Name.EndsWith(".json", StringComparison.OrdinalIgnoreCase)).ToArray();
            if (entries.Length > MostFiles)
            {
                return ([], $"{name}: it holds {entries.Length} files; at most {MostFiles} are taken at once.");
            }

            var files = new List<ImportFile>();
            var left = MostBytes;
            foreach (var entry in entries)
            {
                await using var stream = await entry.OpenAsync(cancellationToken);
                if (await TextAsync(stream, left, cancellationToken) is not { } text)
                {
                    return ([], $"{name}: unpacked it is larger than {MostBytes / 1024 / 1024} MiB.");
                }

                left -= text.Length;
                files.Add(new ImportFile($"{name}/{entry.FullName}", text));
            }

            return (files, null);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ArgumentException)
        {
            return ([], $"{name}: it is no zip that can be read: {e.Message}");
        }
    }

    /// <summary>Null when there is more than <paramref name="most"/>; what the archive says of itself is not believed.</summary>
    private static async Task<string?> TextAsync(Stream content, long most, CancellationToken cancellationToken)
    {
        using var memory = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (await content.ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            if (memory.Length + read > most)
            {
                return null;
            }

            memory.Write(buffer, 0, read);
        }

        return Encoding.UTF8.GetString(memory.GetBuffer(), 0, (int)memory.Length).TrimStart('\ufeff');
    }
}
