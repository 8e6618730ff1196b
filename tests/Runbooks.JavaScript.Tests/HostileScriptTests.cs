using System.Text.Json.Nodes;
using Runbooks.Workflows.Expressions;

namespace Runbooks.JavaScript.Tests;

/// <summary>A hostile script stops itself and nothing else: the message names the limit, and the next script runs.</summary>
public sealed class HostileScriptTests
{
    private const string Time = "it computes for more than 2 s";
    private const string Memory = "it needs more than 64 MB of memory";
    private const string Depth = "nested too deeply";
    private const string Size = "more than 4 MB of JSON";

    [Theory]
    [InlineData("while (true) { }", Time)]
    [InlineData("new Array(1e9).join('x')", Time)]
    [InlineData("Array.prototype.indexOf.call({ length: 1e12 }, 1)", Time)]
    [InlineData("/(a+)+$/.test('a'.repeat(40) + '!')", Time)]
    [InlineData("while (true) { try { while (true) { } } catch (e) { } finally { continue; } }", Time)]
    [InlineData("({ get a() { while (true) { } } })", Time)]
    [InlineData("({ toJSON() { while (true) { } } })", Time)]
    [InlineData("[3, 2, 1].sort(() => { while (true) { } })", Time)]
    [InlineData("throw { get message() { while (true) { } } };", Time)]
    [InlineData("const end = Date.now() + 1; while (Date.now() < end) { }", Time)]
    [InlineData("'x'.repeat(2 ** 30)", Memory)]
    [InlineData("const a = []; while (true) a.push(a.length + 'xxxxxxxx');", Memory)]
    [InlineData("let s = 'x'; while (true) s += s;", Memory)]
    [InlineData("new Uint8Array(2e9).length", Memory)]
    [InlineData("String(2n ** 100000000n)", Memory)]
    [InlineData("(function f() { return f() + 1; })()", Depth)]
    [InlineData("JSON.parse('['.repeat(1000000))", Depth)]
    [InlineData("new Function('return ' + '('.repeat(100000) + '1' + ')'.repeat(100000))()", Depth)]
    [InlineData("const r = { get a() { return r; } }; return r;", "can't be written as JSON")]
    [InlineData("'x'.repeat(5e6)", Size)]
    [InlineData("variables.A = 'x'.repeat(5e6); return 1;", Size)]
    public void A_limit_stops_the_script_and_is_named(string code, string limit)
    {
        var scope = new ScriptScope { Values = { ["A"] = 1 } };

        Assert.Contains(limit, Js.Fails(code, scope), StringComparison.Ordinal);
        Assert.Equal("1", scope.Values["A"]!.ToJsonString());
        Assert.Equal("2", Js.Json("1 + 1"));
    }

    [Theory]
    [InlineData("this.constructor.constructor('return process')().pid", "'process' is not defined")]
    [InlineData("(function () { return this; }).constructor('return process.env')()", "'process' is not defined")]
    [InlineData("require('fs')", "'require' is not defined")]
    [InlineData("fetch('http://127.0.0.1')", "'fetch' is not defined")]
    [InlineData("setTimeout(() => 1, 1)", "'setTimeout' is not defined")]
    [InlineData("new WebAssembly.Memory({ initial: 1 })", "'WebAssembly' is not defined")]
    [InlineData("Atomics.wait(new Int32Array(4), 0, 0)", "'Atomics' is not defined")]
    [InlineData("System.IO.File.ReadAllText('/etc/passwd')", "'System' is not defined")]
    [InlineData("importNamespace('System.IO')", "'importNamespace' is not defined")]
    [InlineData("getConfig('Database')", "'getConfig' is not defined")]
    [InlineData("setOutcome('Done')", "'setOutcome' is not defined")]
    [InlineData("({ toJSON() { throw new Error('not today'); } })", "not today")]
    [InlineData("throw { get message() { throw 1; } };", "can't be shown")]
    [InlineData("throw null;", "null was thrown")]
    [InlineData("new Proxy({}, { ownKeys() { throw new Error('mine'); } })", "mine")]
    public void There_is_no_way_to_the_machine_and_every_failure_has_words(string code, string words) =>
        Assert.Contains(words, Js.Fails(code), StringComparison.Ordinal);

    [Theory]
    [InlineData("Object.prototype.toString = () => 'mine'; return {};", "{}")]
    [InlineData("Array.prototype.join = Array.prototype.map = Array.prototype[Symbol.iterator] = null; return [1];", "[1]")]
    [InlineData("JSON.stringify = () => 'mine'; JSON.parse = null; variables.A = 2; return variables.B;", """{"x":1}""")]
    [InlineData("Object.defineProperty = Object.keys = Map.prototype.get = Promise = String = null; return 5;", "5")]
    [InlineData("globalThis.getVariable = variables = null; return 6;", "6")]
    [InlineData("new Proxy({ a: 1 }, {})", """{"a":1}""")]
    [InlineData("Date = Math = undefined; return 7;", "7")]
    public void A_script_that_breaks_its_globals_breaks_them_for_itself_alone(string code, string expected)
    {
        var scope = new ScriptScope { Values = { ["A"] = 1, ["B"] = JsonNode.Parse("""{"x":1}""") } };

        Assert.Equal(expected, Js.Json(code, scope));
        Assert.Equal("""["[object Object]","1,2",[1],"{}",5,true]""", Js.Json("[{}.toString(), [1, 2].join(), [...new Map([[1, 1]]).keys()], JSON.stringify({}), Math.max(5), Date.now() > 0]"));
    }

    [Fact]
    public void What_one_script_leaves_behind_the_next_one_does_not_find()
    {
        Js.Evaluate("globalThis.secret = 1; Object.prototype.secret = 2; Array.prototype.secret = 3; return 0;");

        Assert.Equal("""["undefined",null,null]""", Js.Json("[typeof secret, ({}).secret, [].secret]"));
    }

    [Fact]
    public void Names_of_the_prototype_are_data_like_any_other()
    {
        var scope = new ScriptScope { Values = { ["A"] = JsonNode.Parse("""{"__proto__":{"admin":true},"constructor":1}"""), ["B"] = 1 } };

        Assert.Equal("""[null,{"__proto__":{"admin":true},"constructor":1}]""", Js.Json("[variables.B.admin, variables.A]", scope));
        Assert.Contains("no variable '__proto__'", Js.Fails("variables.__proto__ = { B: 2 }; return 1;", scope), StringComparison.Ordinal);
        Assert.Equal("null", Js.Json("variables.constructor", scope));
        Assert.Equal("null", Js.Json("getVariable('toString')", scope));
    }

    [Fact]
    public void Variables_that_are_too_large_are_refused_with_their_size()
    {
        var scope = new ScriptScope { Values = { ["A"] = new string('x', 17 * 1024 * 1024) } };

        Assert.Contains("a script can be given 16777216", Assert.Throws<ExpressionException>(() => Js.Evaluate("1", scope)).Message, StringComparison.Ordinal);
    }
}
