using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Runbooks.Storage.Migrations;

/// <summary>One numbered step of the schema, as it is built into this program.</summary>
/// <param name="Number">From 1, without gaps.</param>
/// <param name="Name">What it brings.</param>
/// <param name="Sql">The script; running it twice is running it once.</param>
/// <param name="Checksum">SHA-256 of the script, hexadecimal: proves that what is recorded as done is what we have.</param>
internal sealed record Migration(int Number, string Name, string Sql, string Checksum)
{
    /// <summary>
    /// True when programs that know the schema only up to the step before go on working after it: a server of the version
    /// before may run, and be started, beside one that has taken it. Said by a line <c>-- Additive: why</c> in the script.
    /// </summary>
    public bool IsAdditive => Sql.StartsWith(AdditiveMark, StringComparison.Ordinal) || Sql.Contains("\n" + AdditiveMark, StringComparison.Ordinal);

    private const string AdditiveMark = "-- Additive: ";

    /// <summary>All of them in order: the resources named <c>0001_runs</c>, …</summary>
    public static IReadOnlyList<Migration> All { get; } = [.. Read().OrderBy(m => m.Number)];

    private static IEnumerable<Migration> Read()
    {
        var assembly = typeof(Migration).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.Length > 5 && name[4] == '_'))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var sql = reader.ReadToEnd().Replace("\r\n", "\n", StringComparison.Ordinal);
            var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
            yield return new Migration(int.Parse(resource.AsSpan(0, 4), CultureInfo.InvariantCulture), resource[5..], sql, checksum);
        }
    }
}
