// Computing time of an evaluation. It is the processor's time and not the clock's: a machine that was asleep or starved in
// the middle of a script must not fail the script.
const clock = performance.now.bind(performance);

let base = process.cpuUsage();
let begun = clock();
let worked = 0;

/**
 * Begins to count; gives a function that says the milliseconds so far. Asking the system is dear, so the count goes on from
 * the last time it was asked until the evaluations since then have taken 20 ms, and the system is asked only when the
 * clock already says that there may be something to tell.
 */
export function startOfBudget() {
  if (worked > 20) {
    base = process.cpuUsage();
    worked = 0;
  }
  begun = clock();
  return () => {
    const elapsed = clock() - begun;
    if (elapsed < 50) {
      return elapsed;
    }
    const used = process.cpuUsage(base);
    return Math.min(elapsed, (used.user + used.system) / 1000);
  };
}

/** The evaluation has ended. */
export function endOfBudget() {
  worked += clock() - begun;
}
