// The same moves with nothing but virsh, for comparison: same VM, same hosts, same options as the driver's. Made after
// the run, because only its plan says what goes where, while the server goes on looking at the hosts as it did before.

export async function measureVirsh(lab, moves, emptied, until) {
    for (const host of emptied) {
        await lab.command('poweron', host);
        await until(`${host} answers`, 60, async () => (await lab.ssh(host, 'virsh', '-c', 'qemu:///system', 'version')).code === 0);
    }
    for (const move of moves) {
        await migrate(lab, move.vm, move.to, move.from);
        const started = performance.now();
        await migrate(lab, move.vm, move.from, move.to);
        move.virshSeconds = Math.round(performance.now() - started) / 1000;
    }
}

/** One connection and one command, as an operator would type it. */
const migrate = (lab, vm, from, to) =>
    lab.virsh(from, 'migrate', '--p2p', '--live', '--persistent', '--undefinesource', '--domain', vm, '--desturi', `qemu+ssh://root@${to}/system`);
