import type { Switch } from '../failover/decide.ts';
import type { Ended } from '../failover/run.ts';
import type { Moment, SwitchState } from '../failover/switch.ts';
import { bold, green, red } from './style.ts';

/** What will happen, before anybody agrees. */
export function renderSwitch({ prefix, from, to, doubts }: Switch, site: string): string {
  return [
    `${bold(site)}: ${bold(to)} is to carry ${prefix} instead of ${from}.`,
    `  ${from} is drained: it stops advertising, and stays so over reboots and releases until somebody takes that back.`,
    `  ${to} is watched until it carries the prefix; if it does not within 30 s, ${from} advertises again.`,
    ...(doubts.length === 0 ? [] : [red('  Against it:'), ...doubts.map((doubt) => `  ${red('✗')} ${doubt}`)]),
  ].join('\n');
}

export function renderEnd({ primary, wayBack, undone }: Ended, { prefix, from, to }: Switch, back: string): string {
  if (primary === undefined)
    return [
      red(`${to} did not take over ${prefix} within 30 s.`),
      ...(undone ? [`${from} advertises again, as before. mesh status says what is wrong.`] : []),
    ].join('\n');
  return [
    green(`${to} carries ${prefix}, since ${at(primary)}.`),
    'why' in wayBack ? `The LAN's way back: ${wayBack.why}.` : `The LAN's way back moved to it ${at(wayBack)}.`,
    `${from} is drained and will not take over when ${to} fails. To end that: ${back}`,
  ].join('\n');
}

/** A look takes time: it was so at some moment between two of them. */
const at = ({ ms, withinMs }: Moment): string => `between ${ms - withinMs} and ${ms} ms after the drain was asked for`;

/** What somebody leaves who stops half way. */
export function renderLeft(state: SwitchState | undefined, { prefix, from, to }: Switch, back: string): string {
  if (state === undefined) return 'Stopped before anything was changed.';
  const drained = state === 'draining' ? `${from} was asked to drain, and may be drained` : `${from} is drained`;
  const carried =
    state === 'primary' || state === 'moved'
      ? `${to} carries ${prefix}`
      : `whether ${to} carries ${prefix} was not seen yet`;
  return `Stopped half way: ${drained}; ${carried}. To go back: ${back}`;
}
