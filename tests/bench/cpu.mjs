/** CPU time out of /proc: of a process, and of everything else on the machine while that process is timed. */
import { readFile } from "node:fs/promises";

/** Length of a clock tick in /proc (`getconf CLK_TCK` is 100 on every Linux that Node runs on). */
const microsecondsPerTick = 10_000;

/**
 * User and system time that a process has used so far, in microseconds.
 * @param {number | undefined} pid
 */
export async function cpuMicroseconds(pid) {
  return sum((await statFields(pid)).slice(11, 13));
}

/**
 * Starts watching. The function that it answers tells how many CPUs other programs have kept busy since.
 * @param {Array<number | undefined>} timed the processes that are timed
 */
export async function watchOthers(timed) {
  const others = async () => {
    const [all, own, ...used] = await Promise.all([allPrograms(), ownTree(), ...timed.map(cpuMicroseconds)]);
    return used.reduce((rest, one) => rest - one, all - own);
  };
  const since = performance.now();
  const before = await others();
  return async () => ((await others()) - before) / ((performance.now() - since) * 1000);
}

/** User, nice and system time of all programs together; the kernel's interrupts are left out. */
async function allPrograms() {
  const [total] = (await readFile("/proc/stat", "utf8")).split("\n");
  return sum(total.split(/\s+/).slice(1, 4));
}

/** This process and its children that have ended, `wrk` among them. */
async function ownTree() {
  return sum((await statFields("self")).slice(11, 15));
}

/** The fields of /proc/<pid>/stat from the third on: the second is the program's name, which may hold spaces. */
async function statFields(/** @type {number | "self" | undefined} */ pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function sum(/** @type {string[]} */ ticks) {
  return ticks.reduce((total, one) => total + Number(one), 0) * microsecondsPerTick;
}
