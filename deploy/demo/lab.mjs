// The demo's lab: three hosts and six guests of its own, and what an operator would see on the hosts' own consoles.
import { spawn } from 'node:child_process';
import { readFileSync, existsSync } from 'node:fs';
import path from 'node:path';

const script = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../lab/lab');

/** Runs a command to its end: {code, output, errors}. It is not reached by Ctrl-C, so that cleaning up finds no half-done step. */
export function run(command, words, environment = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(command, words, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
        let output = '', errors = '';
        child.stdout.on('data', data => { output += data; });
        child.stderr.on('data', data => { errors += data; });
        child.on('error', reject);
        child.on('close', code => resolve({ code, output, errors }));
    });
}

export class Lab {
    constructor(folder) {
        this.folder = folder;
        this.hosts = ['host1', 'host2', 'host3'];
    }

    get fleetFile() { return path.join(this.folder, 'fleet.json'); }

    /** deploy/lab/lab, for this folder. The lab ends with this process even if nobody is left to stop it. */
    async command(...words) {
        const { code, output, errors } = await run(script, words, { RUNBOOKS_LAB: this.folder, RUNBOOKS_LAB_OWNER: `${process.pid}` });
        if (code !== 0) throw new Error(`lab ${words.join(' ')} ended with ${code}: ${errors || output}`);
        return output.trim();
    }

    start() { return this.command('start', `${this.hosts.length}`); }

    stop() { return this.command('stop'); }

    async addGuest(name, host, load) {
        await this.command('guest-define', name, host, ...load);
        await this.command('guest-start', name, host);
    }

    /** A command over ssh, as an operator would give it: {code, output, errors}. */
    ssh(host, ...words) { return run('ssh', ['-F', path.join(this.folder, 'ssh/config'), host, ...words]); }

    async virsh(host, ...words) {
        const { code, output, errors } = await this.ssh(host, 'virsh', '-q', '-c', 'qemu:///system', ...words);
        if (code !== 0) throw new Error(`virsh ${words.join(' ')} on ${host} ended with ${code}: ${errors || output}`);
        return output.trim();
    }

    async isOn(host) { return await this.command('powerstatus', host) === 'on'; }

    /** Names of what runs on a host, by its own libvirt. */
    async running(host) { return words(await this.virsh(host, 'list', '--name', '--state-running')); }

    /** Names of everything that a host knows of, running or not. */
    async defined(host) { return words(await this.virsh(host, 'list', '--name', '--all')); }

    /** The counters of a guest's heartbeat: all copies of a guest write into one file. */
    beats(vm) {
        const file = path.join(this.folder, 'shared', `${vm}.console`);
        if (!existsSync(file)) return [];
        const text = readFileSync(file, 'latin1');
        return [...text.matchAll(/^BEAT (\d+) [^\n]*\n/gm)].map(m => Number(m[1]));
    }
}

const words = text => text.split(/\s+/).filter(w => w.length > 0);
