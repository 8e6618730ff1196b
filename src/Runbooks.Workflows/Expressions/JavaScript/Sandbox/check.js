// What can be said about a script before it runs. Lines and columns are those of the operator's text, from 1.
import { parse } from 'acorn';

const ecmaVersion = 2024;
const statements = { ecmaVersion, sourceType: 'script', allowReturnOutsideFunction: true, allowAwaitOutsideFunction: true, locations: true };
const expression = { ...statements, allowReturnOutsideFunction: false, preserveParens: true };

/** { expression: true | false } for a script that can run, { problem: { message, line, column } } for one that can't. */
export function check(code) {
  const asExpression = attempt(`(\n${code}\n)`, expression, 2, code);
  // "1) + (2" parses between parentheses too; then the outermost thing is not the pair that was put there.
  const body = asExpression.program?.body;
  if (body?.length === 1 && body[0].expression?.type === 'ParenthesizedExpression') {
    return verdict(asExpression.program, true, 1);
  }
  const asStatements = attempt(code, statements, 0, code);
  if (asStatements.program) {
    return verdict(asStatements.program, false, 0);
  }
  // Whichever reading got further is what the operator meant.
  const module = asStatements.problem.message.includes("'export'");
  const best = !module && (asExpression.problem?.at ?? -1) > asStatements.problem.at ? asExpression.problem : asStatements.problem;
  return { problem: { message: best.message, ...place(code, best.at) } };
}

function attempt(text, options, before, code) {
  try {
    return { program: parse(text, options) };
  } catch (e) {
    if (e instanceof SyntaxError && e.pos !== undefined) {
      const at = Math.min(Math.max(e.pos - before, 0), code.length);
      return { problem: { at, message: say(e.message.replace(/ \(\d+:\d+\)$/, ''), at >= code.trimEnd().length) } };
    }
    return { problem: { at: 0, message: e instanceof RangeError ? 'It is nested too deeply.' : String(e.message) } };
  }
}

function say(message, atEnd) {
  if (message.startsWith("'import' and 'export'")) {
    return "'import' and 'export' can't be used: a script has only the functions of runbooks.";
  }
  return (message === 'Unexpected token' && atEnd ? 'Unexpected end of the script' : message) + '.';
}

function place(code, at) {
  const lines = code.slice(0, at).split(/\r\n|[\n\r\u2028\u2029]/);
  return { line: lines.length, column: lines.at(-1).length + 1 };
}

function verdict(program, isExpression, linesBefore) {
  const found = forbidden(program, false);
  return found
    ? { problem: { message: found.message, line: found.node.loc.start.line - linesBefore, column: found.node.loc.start.column + 1 } }
    : { expression: isExpression };
}

/** The first thing that parses but can't run here. */
function forbidden(node, inAsync) {
  if (node.type === 'ImportExpression' || (node.type === 'MetaProperty' && node.meta.name === 'import')) {
    return { node, message: "'import' can't be used: a script has only the functions of runbooks." };
  }
  if ((node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await)) && !inAsync) {
    return { node, message: "'await' can't be used: a script gives its value at once. Let the workflow wait." };
  }
  const inside = /Function/.test(node.type) ? node.async : node.type === 'StaticBlock' ? false : inAsync;
  for (const key in node) {
    for (const child of Array.isArray(node[key]) ? node[key] : [node[key]]) {
      const found = child && typeof child.type === 'string' && forbidden(child, inside);
      if (found) {
        return found;
      }
    }
  }
  return undefined;
}
