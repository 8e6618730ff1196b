namespace Runbooks.JavaScript.Tests;

/// <summary>What can't run is refused when its definition is read, at the place where the operator sees it.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("1 +", 1, 4)]
    [InlineData("a b", 1, 3)]
    [InlineData("let x = 1;\nlet y = ;\nreturn x;", 2, 9)]
    [InlineData("let x = 1;\r\nlet y = ;\r\nreturn x;", 2, 9)]
    [InlineData("foo(1, 2", 1, 9)]
    [InlineData("({\n  a: 1,,\n  b: 2\n})", 2, 8)]
    [InlineData("if (true) {\n  return 1;\n", 3, 1)]
    [InlineData("return \"a", 1, 8)]
    [InlineData("\n\n  x => {\n    return `${a`; }", 4, 17)]
    [InlineData("let a = 1;\nlet a = 2;", 2, 5)]
    [InlineData("/(/", 1, 2)]
    [InlineData("import fs from 'fs';", 1, 1)]
    [InlineData("const a = 1;\n  export default a;", 2, 3)]
    [InlineData("  import('fs')", 1, 3)]
    [InlineData("const a = 1;\nreturn import.meta;", 2, 8)]
    [InlineData("await f()", 1, 1)]
    [InlineData("const r = 1;\nreturn await r;", 2, 8)]
    [InlineData("for await (const x of y) { }", 1, 1)]
    [InlineData("1) + (2", 1, 2)]
    [InlineData("}); (function () {", 1, 1)]
    public void A_script_that_can_not_run_is_refused_at_its_place(string code, int line, int column)
    {
        var (script, problem) = Js.Runner.Read(code);

        Assert.Null(script);
        Assert.StartsWith($"line {line}, column {column}: ", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("variables.import", true)]
    [InlineData("'import(x)'", true)]
    [InlineData("const f = async () => await 1; return 1;", false)]
    [InlineData("({ await: 1, import: 2, export: 3 })", true)]
    public void A_word_that_only_looks_forbidden_is_taken(string code, bool isExpression) => Assert.Equal(isExpression, Js.Runner.Read(code).Script?.IsExpression);

    [Fact]
    public void A_script_that_is_too_long_is_refused()
    {
        var problem = Js.Runner.Read("1;\n" + new string('x', 70_000)).Problem;

        Assert.Equal("line 2, column 65534: the script is too long; it has 70003 characters, and 65536 can run.", problem);
    }

    [Fact]
    public void A_script_that_is_nested_too_deeply_is_refused() =>
        Assert.NotNull(Js.Runner.Read(new string('(', 30_000) + "1" + new string(')', 30_000)).Problem);

    [Fact]
    public void A_script_that_the_parser_takes_and_the_interpreter_does_not_is_refused()
    {
        var problem = Js.Runner.Read("const a = 1;\n  return /" + string.Concat(Enumerable.Repeat("()", 300)) + "/;").Problem;

        Assert.Equal("line 2, column 10: SyntaxError: too many captures", problem);
    }

    [Theory]
    [InlineData("nope.x", 1, 1)]
    [InlineData("1 +\n  nope()", 2, 3)]
    [InlineData("const a = null;\nreturn a.b;", 2, 9)]
    [InlineData("throw new Error('Enough.');", 1, 16)]
    [InlineData("[1].map(x =>\n  x.y.z)", 2, 6)]
    public void A_script_that_throws_names_the_place(string code, int line, int column) =>
        Assert.Contains($"JavaScript stopped at line {line}, column {column}: ", Js.Fails(code), StringComparison.Ordinal);
}
