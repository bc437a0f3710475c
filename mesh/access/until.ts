import type { RuleConfig } from '../config/schema.ts';

/** Days before its last one from which on an ending permission is told. */
const SOON_DAYS = 14;
const DAY = 24 * 60 * 60 * 1000;

/** What of a configuration the calendar takes away, one sentence each, sorted. */
export interface Expiry {
  /** Past their last day: they permit nothing any more. */
  ended: string[];
  /** Within 14 days of it. */
  soon: string[];
}

/** Intents that hold at a time, and what is to be told of those that do not, or not for long. Days are UTC; the last one counts. */
export function inForce(rules: readonly RuleConfig[], now: Date): { rules: RuleConfig[]; expiry: Expiry } {
  const kept: RuleConfig[] = [];
  const ended: string[] = [];
  const soon: string[] = [];
  for (const rule of rules) {
    const { until } = rule;
    const left = until === undefined ? Number.POSITIVE_INFINITY : daysLeft(until, now);
    if (left >= 0) kept.push(rule);
    if (until === undefined || left > SOON_DAYS) continue;
    if (left < 0)
      ended.push(`${told(rule)} ended on ${until}, so nobody gets it any more: remove it, or give it a later date`);
    else
      soon.push(
        `${told(rule)} ends ${left === 0 ? 'today' : `on ${until}, in ${days(left)}`}: the first up after that takes it away`,
      );
  }
  return { rules: kept, expiry: { ended: unique(ended), soon: unique(soon) } };
}

/** Whole days from today to the last one; negative once that is over. */
function daysLeft(until: string, now: Date): number {
  const today = now.toISOString().slice(0, 10);
  return (Date.parse(until) - Date.parse(today)) / DAY;
}

function told({ from, to, ssh, why }: RuleConfig): string {
  const what = ssh === undefined ? to : `ssh as ${ssh.users.toSorted().join(', ')} on ${ssh.on.toSorted().join(', ')}`;
  return [from.toSorted().join(', '), '→', what, `(${why})`].join(' ');
}

const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`);
const unique = (all: readonly string[]): string[] => [...new Set(all)].sort();
