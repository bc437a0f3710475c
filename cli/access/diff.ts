import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import {
  changeTexts,
  compareAccess,
  comparePowers,
  labeller,
  type AccessComparison,
  type ChangeText,
  type Powers,
} from '../../mesh/overlays/tailscale/policy/index.ts';
import { stackAtCommit } from '../at-commit.ts';
import { CliError } from '../exit.ts';
import { TREE } from '../paths.ts';
import { parseStackFile } from '../stack-file.ts';
import { readable, stackAccess, type Held, type StackAccess } from './held.ts';
import { modelNames } from './names.ts';

/** What a stack's access is compared with. */
export interface Former {
  told: string;
  /** Undefined: there was no such stack, so nobody had access to anything. */
  held?: Held;
}

export interface AccessDiff {
  against: string;
  comparison: AccessComparison;
  changes: ChangeText[];
  powers: Powers;
  /** Somebody gains access, or a power that can become access. */
  widens: boolean;
  /** What neither side's sentences take into account. */
  unjudged: { path: string; why: string }[];
}

/**
 * `live`: the policy that the tailnet has; a file: a policy text, or a stack file; else a git commit, at which the stack's own file is
 * compiled. Throws CliError.
 * @param live asks the tailnet for its policy
 */
export async function formerAccess(
  now: StackAccess,
  against: string,
  live: () => Promise<string>,
  tree: string = TREE,
): Promise<Former> {
  const { stack, world, day } = now;
  if (against === 'live') {
    const told = `the policy that ${now.plan.tailnet.name} has now`;
    return { told, held: { ...readable(told, await live(), 'taken'), world } };
  }
  if (existsSync(against) && statSync(against).isFile()) {
    const text = readFileSync(against, 'utf8');
    if (isPolicy(against, text)) return { told: against, held: { ...readable(against, text, 'taken'), world } };
    return {
      told: against,
      held: named(against, () => stackAccess(parseStackFile(stack, against, text, basename(against)), day)),
    };
  }
  const file = await stackAtCommit(stack, against, '--diff', tree);
  if (file === undefined) return { told: `${against}, which had no such stack` };
  return { told: against, held: named(against, () => stackAccess(file, day)) };
}

/** By its name, else by how it begins: a policy is an object, a stack file is not written as one. */
const isPolicy = (path: string, text: string): boolean =>
  /\.(?:hujson|jsonc?)$/i.test(path) || /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*\{/.test(text);

function named<T>(against: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CliError)
      throw new CliError(error.code, `--diff ${against}: ${error.message}`, { cause: error });
    throw error;
  }
}

export function accessDiff(now: StackAccess, { told, held }: Former): AccessDiff {
  const before = held ?? { policy: NOTHING, unjudged: [], world: { nodes: [], people: [], lanHosts: [], lans: [] } };
  const comparison = compareAccess(before, now);
  const label = labeller(comparison.entities, [now, before], modelNames(now));
  const powers = comparePowers(before.policy, now.policy, now.plan.policy.ownerTag);
  return {
    against: told,
    powers,
    widens: comparison.gains.length + powers.gains.length > 0,
    comparison,
    changes: changeTexts(comparison, label),
    unjudged: distinct([...before.unjudged, ...now.unjudged]),
  };
}

const distinct = (all: AccessDiff['unjudged']): AccessDiff['unjudged'] => [
  ...new Map(all.map((one) => [JSON.stringify(one), one])).values(),
];

const NOTHING: Held['policy'] = {
  groups: new Map(),
  tagOwners: new Map(),
  hosts: new Map(),
  rules: [],
  ssh: [],
  tests: [],
  approvers: new Map(),
};
