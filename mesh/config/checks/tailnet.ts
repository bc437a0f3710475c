import { fault, type Fault } from '../fault.ts';
import * as field from '../fields.ts';
import type { NamedConfig, StackFault } from './across.ts';

/** Why nothing is known of a stack, and the way out. */
export interface Unreadable {
  problem: string;
  remedy: string;
}

/**
 * Whether stacks agree on who shares a tailnet: every link is said at both ends, and one stack owns. Told at the stack that
 * says it, with what the other one says.
 * @param stacks every stack that is known, sorted; those with a tailnet of their own are not looked at
 * @param unread stacks that are named somewhere and cannot be read
 */
export function linkFaults(stacks: readonly NamedConfig[], unread: ReadonlyMap<string, Unreadable>): StackFault[] {
  const known = new Map(stacks.map((one) => [one.stack, one]));
  return stacks.flatMap((one) => {
    const { with: guests, owner } = one.config.tailnet;
    if (guests === undefined && owner === undefined) return [];
    const links = { known, unread };
    return [
      ...itself(one),
      ...(guests ?? []).flatMap((guest, index) => toGuest(one, guest, index, links)),
      ...(owner === undefined ? [] : toOwner(one, owner, links)),
    ].map((found) => ({ ...found, stack: one.stack }));
  });
}

interface Links {
  known: ReadonlyMap<string, NamedConfig>;
  unread: ReadonlyMap<string, Unreadable>;
}

/** What can be told without looking at another stack. */
function itself({ stack, config }: NamedConfig): Fault[] {
  const { name, with: guests, owner } = config.tailnet;
  const faults: Fault[] = [];
  if (guests !== undefined && owner !== undefined)
    faults.push(
      fault(
        ['tailnet', 'owner'],
        owner,
        'stands beside with: a stack owns the policy, or another one does',
        'remove owner where this stack pushes the policy, else remove with',
      ),
    );
  if (name === '-')
    faults.push(
      fault(
        ['tailnet', 'name'],
        name,
        'is the tailnet of whatever credential is used, which may be another one in each stack',
        'give the shared tailnet by its name, the same in all of its stacks',
      ),
    );
  const fits = field.stackName.safeParse(stack);
  if (!fits.success) {
    const [problem = '', remedy = ''] = fits.error.issues[0]?.message.split('\n') ?? [];
    const at = guests === undefined ? 'owner' : 'with';
    faults.push(
      fault(
        ['tailnet', at],
        config.tailnet[at],
        `shares a tailnet, where the stack's name stands in front of its tags, but ${stack} ${problem}`,
        `rename the stack (pulumi stack rename), or give it a tailnet of its own; ${remedy}`,
      ),
    );
  }
  return faults;
}

function toGuest(one: NamedConfig, guest: string, index: number, { known, unread }: Links): Fault[] {
  const path = ['tailnet', 'with', index];
  if (guest === one.stack)
    return [fault(path, guest, 'is this stack itself', 'list the other stacks; the owner is always part of it')];
  const other = known.get(guest);
  if (other === undefined) return [missing(path, guest, unread)];
  const { owner, with: theirs, name, loginServer } = other.config.tailnet;
  if (owner !== one.stack) {
    const says =
      theirs !== undefined
        ? `says with: ${theirs.join(', ')} too, so that both would own the policy`
        : owner === undefined
          ? `has tailnet ${name} for itself`
          : `says owner: ${owner}`;
    const remedy = `write site-mesh:tailnet: { name: ${one.config.tailnet.name}, owner: ${one.stack} } in stack ${guest}, or remove it here`;
    return [fault(path, guest, `is listed here, but ${says}`, remedy)];
  }
  const mine = one.config.tailnet;
  if (name !== mine.name)
    return [
      fault(
        path,
        guest,
        `is in tailnet ${name}, and this stack in ${mine.name}`,
        'write the same name in both: site-mesh:tailnet.name',
      ),
    ];
  if (loginServer !== undefined && mine.loginServer !== undefined && loginServer !== mine.loginServer)
    return [
      fault(
        path,
        guest,
        `joins at ${loginServer}, and this stack at ${mine.loginServer}`,
        'write the same loginServer in both',
      ),
    ];
  return [];
}

function toOwner(one: NamedConfig, owner: string, { known, unread }: Links): Fault[] {
  const path = ['tailnet', 'owner'];
  if (owner === one.stack)
    return [fault(path, owner, 'is this stack itself', 'name the other stacks: with, instead of owner')];
  const other = known.get(owner);
  if (other === undefined) return [missing(path, owner, unread)];
  const theirs = other.config.tailnet;
  if (theirs.owner !== undefined)
    return [
      fault(
        path,
        owner,
        `owns no policy: it says owner: ${theirs.owner} itself`,
        theirs.owner === one.stack
          ? 'one of the two owns it: there, remove owner and write with'
          : `name ${theirs.owner}, if that is the owner, and let it list this stack`,
      ),
    ];
  if (theirs.with?.includes(one.stack) === true) return [];
  const listed = theirs.with === undefined ? 'shares its tailnet with nobody' : `lists ${theirs.with.join(', ')}`;
  return [
    fault(
      path,
      owner,
      `does not list this stack: it ${listed}`,
      `add ${one.stack} to site-mesh:tailnet.with of stack ${owner}, or give this stack a tailnet of its own`,
    ),
  ];
}

function missing(path: PropertyKey[], stack: string, unread: ReadonlyMap<string, Unreadable>): Fault {
  const { problem, remedy } = unread.get(stack) ?? {
    problem: 'is a stack that nobody knows',
    remedy: 'name a stack that has a file here, Pulumi.<stack>.yaml',
  };
  return fault(path, stack, problem, remedy);
}
