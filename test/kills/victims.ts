import { execFileSync } from 'node:child_process';
import type { Rig, Started } from './rig.ts';

export const VICTIMS = ['engine', 'plugin', 'lab'] as const;
export type Victim = (typeof VICTIMS)[number];

/** Whose request a change is, by its path: the plugin that sent it. */
const PLUGINS: readonly [RegExp, RegExp][] = [
  [/ \/v1\//, /plugins\/hcloud\.ts/],
  [/ \/v2\//, /plugins\/digitalocean\.ts/],
  [/ \/api\/v2\/.*\/(settings|dns\/)/, /plugins\/tailscale\.ts/],
  [/: command /, /plugins\/command\.ts/],
];
/** Everything else, lines on hosts included, is our own provider's. */
const OWN = /provider\/main\.ts/;

/** Kills a victim, hard; answers how many processes that were. `what` is the change that it is killed at. */
export function kill(victim: Victim, rig: Rig, run: Started, what: string): number {
  if (victim === 'engine') return killAll([run.child.pid]);
  const pattern = victim === 'lab' ? /lab\/daemon\.ts/ : (PLUGINS.find(([path]) => path.test(what))?.[1] ?? OWN);
  return killAll(processes(rig).flatMap(({ pid, command }) => (pattern.test(command) ? [pid] : [])));
}

function killAll(pids: readonly (number | undefined)[]): number {
  let killed = 0;
  for (const pid of pids) {
    if (pid === undefined) continue;
    try {
      process.kill(pid, 'SIGKILL');
      killed += 1;
    } catch {
      // It ended by itself.
    }
  }
  return killed;
}

/** All that was started for this rig, by its arguments or its environment; the command without the environment. */
function processes({ root }: Rig): { pid: number; command: string }[] {
  const lines = (flags: string): string[] =>
    execFileSync('ps', [flags, '-o', 'pid=,command='], { maxBuffer: 1 << 26, encoding: 'utf8' }).split('\n');
  const ours = new Set(
    lines('axeww')
      .filter((line) => line.includes(root))
      .map((line) => Number.parseInt(line, 10)),
  );
  return lines('axww')
    .map((line) => ({ pid: Number.parseInt(line, 10), command: line.trim().replace(/^\d+ /, '') }))
    .filter(({ pid }) => ours.has(pid));
}
