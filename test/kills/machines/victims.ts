import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** `runner`: pulumi with all its plugins. `tool`: the host tool on the machine. `power`: the machine's plug. */
export const VICTIMS = ['runner', 'tool', 'power'] as const;
export type Victim = (typeof VICTIMS)[number];

interface Process {
  pid: number;
  parent: number;
  /** Words of its command line. */
  words: string[];
}

/** The lines of the host tool that are at work on a machine, as `apply activate`; the router agent is a daemon and no line. */
export function toolsOn(init: number): { pid: number; line: string }[] {
  const space = spaceOf(init);
  if (space === undefined) return [];
  return processes().flatMap(({ pid, words }) => {
    const at = words.findIndex((word) => word.endsWith('/mesh-host'));
    // sudo and the login's shell have it in their words too.
    if (at < 1 || !(words[0] ?? '').includes('python') || spaceOf(pid) !== space) return [];
    const line = words.slice(at + 1, at + 3).join(' ');
    return line === 'agent run' ? [] : [{ pid, line }];
  });
}

/** A process and all below it, hard: as a CI job's machine that is taken away. Answers how many those were. */
export function killTree(root: number): number {
  const all = processes();
  const doomed = [root];
  for (const pid of doomed) doomed.push(...all.filter(({ parent }) => parent === pid).map((child) => child.pid));
  return doomed.filter((pid) => killHard(pid)).length;
}

/** false: it had ended by itself. */
export function killHard(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

function processes(): Process[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      return [{ pid, parent, words }];
    } catch {
      return [];
    }
  });
}

function spaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
