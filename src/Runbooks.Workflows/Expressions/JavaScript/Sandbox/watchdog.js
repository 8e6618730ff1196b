// Ends the whole process when an evaluation uses much more than its time. The interpreter asks its interrupt handler
// between instructions, but some built-in functions work for hours on one call and never ask. It runs in a thread of its
// own, because the main thread is the one that is stuck, and because nobody else may be left to notice.
import { workerData } from 'node:worker_threads';

const { shared, limit } = workerData;
const none = new Int32Array(new SharedArrayBuffer(4));
let watched = 0;
let since = process.cpuUsage();

for (;;) {
  Atomics.wait(none, 0, 0, 100);
  const evaluation = Atomics.load(shared, 0);
  if (evaluation !== watched) {
    watched = evaluation;
    since = process.cpuUsage();
  } else if (evaluation !== 0) {
    const used = process.cpuUsage(since);
    if ((used.user + used.system) / 1000 > limit) {
      // This signal says by its number why the process ended, see SandboxProcess.
      process.kill(process.pid, 'SIGVTALRM');
    }
  }
}
