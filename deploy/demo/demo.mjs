// The demo: three real hosts, six running VMs, one consolidation through the API, and a look at the hosts themselves
// whether it was done. One line of JSON on stdout, progress on stderr, exit code 0 or 1; leaves nothing behind.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import path from 'node:path';
import { Lab } from './lab.mjs';
import { Server } from './server.mjs';
import { checkHosts } from './check.mjs';
import { measureVirsh } from './virsh.mjs';

const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const started = Date.now();

const guests = [
    ['web1', 'host1', ['--cpu', '5', '--ws', '8', '--rate', '2']],
    ['db1', 'host1', ['--memory', '128', '--cpu', '8', '--ws', '16', '--rate', '4']],
    ['batch1', 'host1', ['--cpu', '10']],
    ['web2', 'host2', ['--cpu', '5', '--ws', '8', '--rate', '2']],
    ['db2', 'host2', ['--memory', '128', '--cpu', '8', '--ws', '16', '--rate', '4']],
    ['web3', 'host3', ['--cpu', '5', '--ws', '8', '--rate', '2']],
];
const vms = guests.map(([name]) => name);

// Emulated guests take far more CPU than real ones; the thresholds leave room for that, so that emptying a host pays.
const inputs = { Pool: 'lab', LoadMin: 0.9, LoadMax: 0.98, MinActiveHosts: 2 };

const say = text => process.stderr.write(`demo ${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);

async function until(what, seconds, holds) {
    for (const end = Date.now() + seconds * 1000; ;) {
        const found = await holds();
        if (found) return found;
        if (Date.now() > end) throw new Error(`waited ${seconds} s in vain until ${what}`);
        await pause(200);
    }
}

/** Starts the runbook and follows it to its end; its child runs are the moves. */
async function consolidate(server) {
    const { id } = await server.ask('/api/runs', { runbook: 'consolidate', input: inputs, reason: 'demo' });
    let told = '';
    const detail = await until('the run has ended', 600, async () => {
        const now = await server.ask(`/api/runs/${id}`);
        const stage = [...now.children.filter(c => !c.ended).map(c => `moving ${c.input.Vm} to ${c.input.Destination}`), ...now.stages.filter(s => s.state === 'current').map(s => s.name)][0] ?? now.run.status;
        if (stage !== told) say(told = stage);
        return (now.run.ended || now.run.status === 'needsAttention') && now;
    });
    if (detail.run.status !== 'finished') throw new Error(`the run is ${detail.run.status}: ${detail.run.reason}`);
    const moves = [];
    for (const child of [...detail.children].sort((a, b) => a.startedAt.localeCompare(b.startedAt))) {
        const { steps } = await server.ask(`/api/runs/${child.id}`);
        const figures = steps.find(s => s.type === 'Runbooks.ActivateVm')?.outputs ?? {};
        moves.push({
            vm: child.input.Vm, from: child.input.Source, to: child.input.Destination,
            seconds: (Date.parse(child.finishedAt) - Date.parse(child.startedAt)) / 1000,
            downtimeMs: figures.DowntimeMs ?? null, bytes: figures.SentBytes ?? null, rounds: figures.Rounds ?? null,
        });
    }
    return { moves, emptied: detail.steps.filter(s => s.type === 'Runbooks.PowerOffHost').map(s => s.inputs.Host ?? s.inputs.host) };
}

async function demonstrate(lab, server) {
    say('starting three hosts');
    await lab.start();
    say('starting six VMs');
    for (const guest of guests) await lab.addGuest(...guest);
    await server.start();
    await until('every guest beats', 120, () => vms.every(vm => lab.beats(vm).length > 0));
    await until('the server is ready', 120, async () => {
        if (server.gone) throw new Error(`the server did not start. ${server.lastWords()}`);
        return await server.isReady;
    });
    await until('the server has measured every VM, and none is still busy booting', 120, async () => {
        const seen = (await server.ask('/api/fleet')).hosts.flatMap(h => h.vms);
        return seen.length === vms.length && seen.every(vm => vm.state === 'running' && vm.cpuLoad != null && vm.cpuLoad < 0.6);
    });
    say('consolidating');
    const { moves, emptied } = await consolidate(server);
    say('looking at the hosts');
    const problems = await checkHosts(lab, vms, moves, emptied, until);
    if (problems.length > 0) throw new Error(problems.join('; '));
    say('making the same moves with bare virsh');
    await measureVirsh(lab, moves, emptied, until);
    return { moves, emptied };
}

const base = path.join(root, 'var/demo');
mkdirSync(base, { recursive: true });
const folder = mkdtempSync(path.join(base, 'run-'));
chmodSync(folder, 0o755); // PostgreSQL runs under an account of its own, and its folder lies in here.
const lab = new Lab(path.join(folder, 'lab'));
const server = new Server(path.resolve(process.argv[2] ?? path.join(root, 'src/Runbooks.Server/bin/Release/net10.0/Runbooks.Server.dll')), folder, lab, path.join(root, 'workflows'));

const interrupted = new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => reject(new Error(`interrupted by ${signal}`)));
});
const result = await Promise.race([demonstrate(lab, server), interrupted]).then(
    found => ({ ok: true, ...found }),
    error => ({ ok: false, moves: [], emptied: [], reason: error.message }));
const totalSeconds = (Date.now() - started) / 1000;
say(result.ok ? 'cleaning up' : `failed: ${result.reason}; cleaning up`);
for (const end of [() => server.stop(), () => lab.stop(), () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })]) {
    try {
        await end();
    } catch (error) {
        Object.assign(result, { ok: false, reason: `${result.reason ? `${result.reason}; ` : ''}cleaning up: ${error.message}` });
    }
}
const { ok, moves, emptied, reason } = result;
process.stdout.write(`${JSON.stringify({ case: 'demo', ok, vms: vms.length, moves, emptied, totalSeconds, ...(reason && { reason }) })}\n`, () => process.exit(ok ? 0 : 1));
