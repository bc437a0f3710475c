import type { AccessChange, Entity } from '../../mesh/overlays/tailscale/policy/index.ts';
import type { AccessAnswer } from './answer.ts';
import type { AccessDiff } from './diff.ts';
import type { AccessLine } from './lines.ts';

const print = (value: unknown): string => JSON.stringify(value, null, 2);

/** Every name in full: labels are for people. */
export function matrixJson(stack: string, lines: readonly AccessLine[], unjudged: AccessDiff['unjudged']): string {
  return print({ stack, access: lines, unjudged });
}

export const answerJson = (answer: AccessAnswer): string => print(answer);

export function diffJson(
  { against, comparison, changes, powers, widens, unjudged }: AccessDiff,
  stack: string,
): string {
  return print({
    stack,
    against,
    widens,
    gains: comparison.gains.map(changeJson),
    losses: comparison.losses.map(changeJson),
    powers,
    sentences: changes.map(({ sentence }) => sentence),
    unjudged,
  });
}

const changeJson = ({ from, to, ...rest }: AccessChange) => ({
  from: from.map(entityJson),
  to: to === 'own' ? 'own' : to.map(entityJson),
  ...rest,
});

const entityJson = ({ kind, label }: Entity) => ({ kind, name: label });
