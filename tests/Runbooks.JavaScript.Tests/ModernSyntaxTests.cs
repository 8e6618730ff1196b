namespace Runbooks.JavaScript.Tests;

/// <summary>The JavaScript that people write today, in both forms.</summary>
public sealed class ModernSyntaxTests
{
    [Theory]
    [InlineData("[1, 2, 3].map(x => x * 2)", "[2,4,6]")]
    [InlineData("let a = 1; const b = 2; { let a = 5; } return a + b;", "3")]
    [InlineData("`${getVm()}-copy`", "\"vm07-copy\"")]
    [InlineData("const { a, ...rest } = { a: 1, b: 2 }; const [x, , y = 3] = [1, 2]; return [a, rest, x, y];", """[1,{"b":2},1,3]""")]
    [InlineData("[Math.max(...[1, 5, 2]), ...new Set([1, 1])]", "[5,1]")]
    [InlineData("null?.a?.b ?? 'none'", "\"none\"")]
    [InlineData("class A { #p = 2; static s = 3; static { A.s++; } get v() { return this.#p; } } return new A().v + A.s;", "6")]
    [InlineData("[...new Map([['a', 1]])]", """[["a",1]]""")]
    [InlineData("function* g() { yield 1; yield 2; } let t = 0; for (const v of g()) t += v; return t;", "3")]
    [InlineData("let a; a ||= 2 ** 3; a &&= a + 1; return a;", "9")]
    [InlineData("[[1, [2]].flat().at(-1), Object.fromEntries([['a', 1]])]", """[2,{"a":1}]""")]
    [InlineData("[[3, 1].toSorted(), [1, 2].findLast(x => x < 2), Object.groupBy([1], () => 'k')]", """[[1,3],1,{"k":[1]}]""")]
    [InlineData("'host12'.match(/(?<=host)(?<n>\\d+)/).groups.n", "\"12\"")]
    [InlineData("'a-b-c'.replaceAll('-', '') + '7'.padStart(2, '0')", "\"abc07\"")]
    [InlineData("String(2n ** 64n)", "\"18446744073709551616\"")]
    [InlineData("[{ n: 'b', l: 2 }, { n: 'a', l: 1 }].sort((p, q) => p.l - q.l).map(({ n }) => n)", """["a","b"]""")]
    [InlineData("{ host: 'h1', vms: [] }", """{"host":"h1","vms":[]}""")]
    [InlineData("1 // a remark", "1")]
    [InlineData("if (getVm() === 'vm07') { return 'yes'; } return 'no';", "\"yes\"")]
    [InlineData("new Date(0).toISOString()", "\"1970-01-01T00:00:00.000Z\"")]
    [InlineData("'ä€😀'.length", "4")]
    [InlineData("undefined", "null")]
    [InlineData("// nothing", "null")]
    public void A_script_gives_its_value(string code, string expected) => Assert.Equal(expected, Js.Json(code));

    [Fact]
    public void A_line_end_of_any_kind_ends_a_line()
    {
        Assert.Equal("3", Js.Json("const a = 1; // one\r\nconst b = 2; // two\r\nreturn a + b;"));
    }

    [Theory]
    [InlineData("async () => 1", "it is a function; call it")]
    [InlineData("(async () => 1)()", "it is a promise")]
    [InlineData("10n", "BigInt")]
    [InlineData("const a = {}; a.a = a; return a;", "circular")]
    public void A_value_that_JSON_can_not_hold_is_refused(string code, string reason) => Assert.Contains(reason, Js.Fails(code), StringComparison.Ordinal);

    [Theory]
    [InlineData("'\\ud800'")]
    [InlineData("({ a: ['x', '\\udfff'] })")]
    [InlineData("({ '\\ud800': 1 })")]
    public void Half_a_character_is_refused_and_not_stored(string code) => Assert.Contains("half a character", Js.Fails(code), StringComparison.Ordinal);

    [Fact]
    public void A_value_of_too_many_levels_is_refused() =>
        Assert.Contains("more than 64 levels", Js.Fails("let a = []; for (let i = 0; i < 100; i++) a = [a]; return a;"), StringComparison.Ordinal);
}
