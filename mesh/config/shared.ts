import { faultsAcross, type NamedConfig, type StackFault } from './checks/across.ts';
import { linkFaults, type Unreadable } from './checks/tailnet.ts';
import type { MeshConfig } from './schema.ts';

/** Stacks that share one tailnet, whose policy one of them owns. */
export interface SharedTailnet {
  owner: string;
  /** All of them, the owner included, sorted by name. */
  stacks: readonly NamedConfig[];
}

/** What is known of another stack: its configuration, or why it cannot be used. */
export type OtherStack = { config: MeshConfig } | Unreadable;

export type TailnetAnswer =
  /** `tailnet` absent: the stack has one of its own. */
  { ok: true; tailnet?: SharedTailnet } | { ok: false; faults: StackFault[] };

/** Whether a stack says that its tailnet is not its own alone. */
export const sharesTailnet = ({ tailnet }: MeshConfig): boolean =>
  tailnet.with !== undefined || tailnet.owner !== undefined;

/**
 * Finds everybody who shares a stack's tailnet, and every reason why they cannot. Whichever of them asks, the tailnet is the same.
 * @param read what is known of a stack by its name; the one place that may look at files
 */
export function tailnetOf(self: NamedConfig, read: (stack: string) => OtherStack): TailnetAnswer {
  if (!sharesTailnet(self.config)) return { ok: true };
  const stacks = new Map([[self.stack, self]]);
  const unread = new Map<string, Unreadable>();
  const waiting = partners(self.config);
  for (let stack = waiting.shift(); stack !== undefined; stack = waiting.shift()) {
    if (stacks.has(stack) || unread.has(stack)) continue;
    const other = read(stack);
    if ('problem' in other) {
      unread.set(stack, other);
      continue;
    }
    stacks.set(stack, { stack, config: other.config });
    waiting.push(...partners(other.config));
  }
  const all = [...stacks.values()].sort((a, b) => (a.stack < b.stack ? -1 : 1));
  const links = linkFaults(all, unread);
  // Where it is not clear who belongs together, everything else would be noise.
  const faults = links.length > 0 ? links : faultsAcross(all);
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, tailnet: { owner: self.config.tailnet.owner ?? self.stack, stacks: all } };
}

const partners = ({ tailnet }: MeshConfig): string[] => [
  ...(tailnet.with ?? []),
  ...(tailnet.owner === undefined ? [] : [tailnet.owner]),
];
