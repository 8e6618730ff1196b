// The real server as a child process, on a port and a data folder of its own.
import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import path from 'node:path';

const freePort = () => new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => resolve(port));
    });
});

export class Server {
    constructor(dll, folder, lab, workflows) {
        Object.assign(this, { dll, lab, workflows, data: path.join(folder, 'server'), log: path.join(folder, 'server.log') });
    }

    async start() {
        this.url = `http://127.0.0.1:${await freePort()}`;
        const settings = {
            'Data': this.data, 'Server:Urls': this.url, 'Workflows:Folder': this.workflows, 'Fleet:Driver': 'libvirt',
            'Fleet:File': this.lab.fleetFile, 'Fleet:SampleEvery': '00:00:02', 'Schedules:0:enabled': 'false',
        };
        const words = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
        // If this process is killed, the server is asked to end, and takes its database with it.
        this.child = spawn('setpriv', ['--pdeathsig', 'TERM', 'dotnet', this.dll, ...words], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
        const log = createWriteStream(this.log);
        this.child.stdout.pipe(log, { end: false });
        this.child.stderr.pipe(log, { end: false });
        this.ended = new Promise(resolve => this.child.once('exit', resolve).once('error', resolve));
        this.child.once('exit', () => { this.gone = true; });
        this.child.once('error', error => { this.gone = true; log.write(`${error}\n`); });
    }

    get isReady() { return this.ask('/health/ready').then(() => true, () => false); }

    async ask(where, body) {
        if (this.gone) throw new Error(`the server has ended. ${this.lastWords()}`);
        const answer = await fetch(this.url + where, {
            signal: AbortSignal.timeout(10_000),
            ...(body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${where} answered ${answer.status}: ${text}`);
        return JSON.parse(text);
    }

    lastWords() {
        try {
            return `Its last words: ${readFileSync(this.log, 'utf8').trim().split('\n').slice(-8).join(' | ')}`;
        } catch {
            return '';
        }
    }

    /** In order first, which stops its PostgreSQL too; a server that does not end is killed, and its PostgreSQL ended. */
    async stop() {
        if (!this.child?.pid) return;
        if (!this.gone) this.child.kill('SIGTERM');
        await Promise.race([this.ended, pause(40_000, undefined, { ref: false })]);
        if (!this.gone) {
            this.child.kill('SIGKILL');
            await this.ended;
        }
        await this.#endDatabase();
    }

    async #endDatabase() {
        const mark = path.join(this.data, 'postgres/cluster/postmaster.pid');
        for (let signal = 'SIGINT', round = 0; round < 100; round++) {
            let pid;
            try {
                pid = Number(readFileSync(mark, 'utf8').split('\n')[0]);
                if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.data)) return;
                if (round % 50 === 0) process.kill(pid, signal);
            } catch {
                return;
            }
            signal = 'SIGQUIT';
            await pause(200);
        }
    }
}
