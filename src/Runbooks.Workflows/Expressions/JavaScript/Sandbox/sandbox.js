// The process in which scripts run: answers one request after the other until its standard input ends, and with it
// whoever started it. See docs/adr for why there is a process at all.
import { Worker } from 'node:worker_threads';
import { endOfBudget } from './budget.js';
import { check } from './check.js';
import { compile, evaluate, prepare } from './evaluation.js';
import { receive, send } from './wire.js';

const limits = JSON.parse(process.argv[2]);
const evaluations = new Int32Array(new SharedArrayBuffer(4));
let count = 0;

// Ctrl-C in a terminal is sent to every process there. The one that started this one decides what becomes of it.
process.on('SIGINT', () => { });

await new Promise((ready, failed) => {
  // Its output streams are kept apart, because joining them would make this process's own non-blocking.
  const watchdog = new Worker(new URL('./watchdog.js', import.meta.url), {
    workerData: { shared: evaluations, limit: limits.time * 1.25 }, stdout: true, stderr: true, resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
  });
  watchdog.once('online', ready);
  watchdog.once('error', failed);
});

// The first wall has never been needed without the second, so it is checked that there is one.
const allowed = [['fs.read', '/etc/passwd'], ['fs.write', '/tmp'], ['child']].filter(p => process.permission?.has(...p) ?? true);
if (allowed.length > 0) {
  throw new Error(`The process may do what it must not: ${allowed.map(p => p[0]).join(', ')}.`);
}

let next = prepare(limits);
send({ ready: process.version });
for (let request = hear(); ; request = hear()) {
  Atomics.store(evaluations, 0, ++count);
  const answer = request.op === 'check' ? inspect(request) : evaluate(taken(), request, limits, ask);
  Atomics.store(evaluations, 0, 0);
  endOfBudget();
  send(answer);
  if (answer.retire) {
    process.exit(0);
  }
  next ??= prepare(limits);
}

function taken() {
  const prepared = next;
  next = null;
  return prepared;
}

function inspect(request) {
  const verdict = check(request.code);
  if (verdict.problem) {
    return { done: { problem: verdict.problem } };
  }
  const { stopped, retire } = compile(taken(), { code: request.code, expression: verdict.expression }, limits);
  return { done: stopped ? { problem: stopped } : verdict, retire };
}

function ask(question) {
  send(question);
  return hear().answer;
}

function hear() {
  return receive() ?? process.exit(0);
}
