import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Cable, Setting } from './layout.ts';
import { netnsPath } from './names.ts';

/**
 * What was set, as far as known: the kernel is not asked. Before a change it says what may be there then (`sure` false), after it
 * what is there; so whoever comes after a crash knows what to take away.
 */
export interface State {
  namespaces: Record<string, NamespaceState>;
  /** Outer end (`NAMESPACE NAME`) → cable. */
  cables: Record<string, CableState>;
}

export interface NamespaceState {
  /** Of the namespace's file: a namespace of that name with another inode is not the one that was set up. */
  inode: number;
  generation: string;
  settings: Record<string, Setting>;
  nft: string;
  sure: boolean;
}

export interface CableState extends Cable {
  sure: boolean;
}

export const cableKey = ({ outer }: Cable): string => `${outer.namespace} ${outer.name}`;

/** Inode of the namespace of that name; undefined: there is none. */
export const netnsInode = (name: string): number | undefined =>
  statSync(netnsPath(name), { throwIfNoEntry: false })?.ino;

export function readState(file: string): State {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as State;
  } catch {
    // None yet, or the disk lost it: then nothing is known and all is made anew.
    return { namespaces: {}, cables: {} };
  }
}

export function writeState(file: string, state: State): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

export function forgetState(file: string): void {
  rmSync(file, { force: true });
}
