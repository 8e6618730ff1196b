// Whether the hosts themselves show what the run claims. Nothing here is asked of the server.

/** Everything that is not as it should be; empty when all is well. */
export async function checkHosts(lab, vms, moves, emptied, until) {
    const problems = [];
    const isOn = {}, running = {}, defined = {};
    for (const host of lab.hosts) {
        isOn[host] = await lab.isOn(host);
        if (isOn[host]) [running[host], defined[host]] = [await lab.running(host), await lab.defined(host)];
        if (isOn[host] === emptied.includes(host)) problems.push(`${host} is ${isOn[host] ? 'on' : 'off'}`);
    }
    if (emptied.length !== 1) problems.push(`${emptied.length} hosts were emptied instead of one`);
    if (moves.length === 0) problems.push('nothing was moved');

    for (const vm of vms) {
        const places = lab.hosts.filter(host => running[host]?.includes(vm));
        if (places.length !== 1) problems.push(`${vm} runs on ${places.join(' and ') || 'no host'}`);
        const known = lab.hosts.filter(host => defined[host]?.includes(vm));
        if (known.length !== 1) problems.push(`${vm} is defined on ${known.join(' and ') || 'no host'}`);
        const move = moves.find(m => m.vm === vm);
        if (move && places[0] !== move.to) problems.push(`${vm} was to go to ${move.to} and is on ${places[0]}`);
    }

    const before = Object.fromEntries(vms.map(vm => [vm, lab.beats(vm).length]));
    await until('every guest has beaten on', 60, () => vms.every(vm => lab.beats(vm).length >= before[vm] + 3));
    // Two copies would both count into the one file, and a guest that began anew would begin at 1 again.
    for (const vm of vms) {
        const wrong = lab.beats(vm).findIndex((beat, i) => beat !== i + 1);
        if (wrong >= 0) problems.push(`the heartbeat of ${vm} is not that of one instance: beat ${lab.beats(vm)[wrong]} follows ${wrong}`);
    }
    return problems;
}
