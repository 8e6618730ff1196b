// One evaluation: an interpreter of its own, made for it and thrown away after it.
import { readFileSync } from 'node:fs';
import { startOfBudget } from './budget.js';
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core';
import variant from '@jitl/quickjs-wasmfile-release-sync';

const prelude = readFileSync(new URL('./prelude.js', import.meta.url), 'utf8');
const engine = await newQuickJSWASMModuleFromVariant(variant);

/** Past this the interpreter's memory, which never shrinks, is given back by ending the process. */
const mostMemoryKept = 32 * 1024 * 1024;

/** What the interpreter takes for the time of day, in milliseconds: it has no clock of its own and asks Date.now. */
let now = 0;
Date.now = () => now;

/** The evaluation could not be finished; kind is the limit that was met, or 'script'. */
class Stopped extends Error {
  constructor(kind, message, place) {
    super(message);
    this.kind = kind;
    this.place = place;
  }
}

/** Makes the next interpreter while nobody waits for it: that takes longer than most scripts do. */
export function prepare(limits) {
  const runtime = engine.newRuntime({ memoryLimitBytes: limits.memory, maxStackSizeBytes: limits.stack });
  const context = runtime.newContext();
  return { runtime, context, setUp: context.unwrapResult(context.evalCode(prelude, 'prelude.js')) };
}

/** Runs a script. `ask` gets from the run what the script asks for. Gives { done } or { stopped }, and whether this process must end. */
export function evaluate(prepared, request, limits, ask) {
  now = request.now;
  return contained(prepared, limits, interrupted => {
    const { context, setUp } = prepared;
    const out = { changed: Object.create(null), outcomes: null, result: 'null', head: null };
    const host = context.newFunction('host', (kind, ...rest) => {
      const [name, value, more] = rest.map(r => context.typeof(r) === 'string' ? context.getString(r) : null);
      const answer = hear(context.getString(kind), name, value, more, request, out, ask);
      return answer === undefined ? context.undefined : context.newString(answer);
    });
    const facts = context.newString(JSON.stringify({
      ...request.facts, names: named(request.variables), inputs: named(request.inputs), seed: request.seed, mayHaveOutcomes: request.outcomes, mostResult: limits.result,
    }));
    const run = take(context, context.callFunction(setUp, context.undefined, host, facts), interrupted);
    const script = take(context, context.evalCode(wrap(request), 'script.js'), interrupted);
    take(context, context.callFunction(run, context.undefined, script), interrupted).dispose();
    for (const handle of [script, run, facts, host]) {
      handle.dispose();
    }
    if (out.stopped && out.stopped.kind !== 'script') {
      throw out.stopped;
    }
    return out;
  });
}

/** Whether the interpreter takes a script that the parser has taken. */
export function compile(prepared, request, limits) {
  return contained(prepared, limits, interrupted => {
    const { context } = prepared;
    take(context, context.evalCode(wrap(request), 'script.js', { compileOnly: true }), interrupted).dispose();
    return {};
  });
}

/** The operator's first line is the second line here, in both forms, and begins in the first column. */
function wrap({ code, expression }) {
  return expression ? `(function () { return (\n${code}\n); })` : `(function () {\n${code}\n})`;
}

/** Names with the form in which they follow 'get' and 'set'. */
function named(values) {
  return Object.keys(values).map(name => [name, name.split(/[^\p{L}\p{N}$]+/u).map(w => w.charAt(0).toUpperCase() + w.slice(1)).join('')]);
}

function contained({ runtime, context, setUp }, limits, work) {
  let timedOut = false;
  const budget = startOfBudget();
  runtime.setInterruptHandler(() => timedOut ||= budget() > limits.time);
  try {
    const done = work(() => timedOut);
    setUp.dispose();
    context.dispose();
    runtime.dispose();
    return { ...(done.stopped ? { stopped: describe(done.stopped) } : { done }), retire: engine.getWasmMemory().buffer.byteLength > mostMemoryKept };
  } catch (e) {
    // What the interpreter's memory looks like now is not worth knowing unless the script simply threw.
    const stopped = e instanceof Stopped ? e : new Stopped(e instanceof RangeError ? 'recursion' : 'engine', String(e?.message ?? e));
    return { stopped: describe(timedOut ? new Stopped('time', 'interrupted', stopped.place) : stopped), retire: true };
  }
}

function describe({ kind, message, place }) {
  return { kind, message, ...place };
}

function hear(kind, name, value, more, request, out, ask) {
  switch (kind) {
    case 'variable':
      return Object.hasOwn(request.variables, name) ? request.variables[name] : undefined;
    case 'input':
      return Object.hasOwn(request.inputs, name) ? request.inputs[name] : undefined;
    case 'output':
    case 'last':
    case 'guid':
      return ask({ ask: kind, activity: name, output: value }) ?? undefined;
    case 'result':
      out.result = name;
      break;
    case 'changed':
      out.changed[name] = value;
      break;
    case 'outcomes':
      out.outcomes = JSON.parse(name);
      break;
    case 'head':
      out.head = JSON.parse(name);
      break;
    case 'size':
      out.stopped ??= new Stopped('size', name);
      break;
    case 'unwritable':
      out.stopped ??= new Stopped(limitOf(more, value) ?? 'script', `${name} can't be written as JSON: ${value}`);
      break;
    case 'thrown':
      out.stopped ??= new Stopped(limitOf(name, value) ?? 'script', name ? `${name}: ${value}` : `${value} was thrown`, placeIn(more));
      break;
  }
  return undefined;
}

function take(context, result, interrupted) {
  if (!result.error) {
    return result.value;
  }
  if (interrupted()) {
    throw new Stopped('time', 'interrupted');
  }
  const error = context.dump(result.error);
  throw new Stopped(limitOf(error?.name, error?.message) ?? 'script', `${error?.name ?? 'Error'}: ${error?.message ?? 'no reason was given'}`, placeIn(error?.stack));
}

/** How the interpreter says that a limit was met. */
function limitOf(name, message) {
  if ((name === 'InternalError' && message === 'out of memory') || /^(invalid string length|string too long|BigInt is too large.*)$/.test(message ?? '')) {
    return 'memory';
  }
  return /^(Maximum call stack size exceeded|stack overflow)$/.test(message ?? '') ? 'recursion' : undefined;
}

/** The operator's line and column in a stack of calls; nothing when it does not lead into the script. */
function placeIn(stack) {
  const found = /\(?script\.js:(\d+):(\d+)\)?/.exec(stack ?? '');
  return found && Number(found[1]) > 1 ? { line: Number(found[1]) - 1, column: Number(found[2]) } : undefined;
}
