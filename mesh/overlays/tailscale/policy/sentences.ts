import type { AccessChange } from './changes.ts';
import type { AccessComparison } from './compare.ts';
import { labelText, type Labeller } from './labels.ts';

/** A change as a sentence, and in parts for whoever lays it out. */
export interface ChangeText {
  verb: 'gains' | 'loses';
  from: string[];
  ports: string;
  to: string[];
  /** What must hold, why, since when; empty where there is nothing to say. */
  notes: string[];
  /** `group:sre (grace@example.com) gains tcp/22 on fra-db-01 (on call)`. */
  sentence: string;
}

/** Gains and losses as sentences, gains first: they are what somebody has to approve. */
export function changeTexts(comparison: AccessComparison, label: Labeller): ChangeText[] {
  const tell = (verb: ChangeText['verb'], changes: readonly AccessChange[]): ChangeText[] =>
    changes.map((change) => changeText(verb, change, label)).sort((a, b) => (a.sentence < b.sentence ? -1 : 1));
  return [...tell('gains', comparison.gains), ...tell('loses', comparison.losses)];
}

function changeText(verb: ChangeText['verb'], change: AccessChange, label: Labeller): ChangeText {
  const { rules } = change;
  // Who joins or leaves a group is a person, whatever group the person may be all of.
  const sources = change.joined.length > 0 ? [] : rules.flatMap(({ src }) => src);
  const targets = rules.flatMap(({ dst }) => dst);
  const from = label(change.from, new Set(sources)).map(labelText);
  const to = change.to === 'own' ? ['their own devices'] : label(change.to, new Set(targets)).map(labelText);
  const ports = `${change.ports.join(', ')}${change.family === undefined ? '' : ` over IPv${change.family}`}`;
  const notes = [
    ...(change.conditional === undefined ? [] : [`conditional: ${change.conditional}`]),
    ...new Set(rules.map(({ path, why }) => (why === '' ? path : why))),
    ...change.notes,
    ...(change.fresh.length === 0 ? [] : [`${verb === 'gains' ? 'new' : 'gone'}: ${list(change.fresh.toSorted())}`]),
  ];
  const several = from.length > 1 || /^[a-z]+s of /.test(from.join());
  const agreed = several ? verb.slice(0, -1) : verb;
  const sentence = `${list(from)} ${agreed} ${ports} on ${list(to)} (${notes.join('; ')})`;
  return { verb, from, ports, to, notes, sentence };
}

const MANY = 6;

/** `a, b and c`; long lists end in a number. */
function list(names: readonly string[]): string {
  const told = names.length > MANY ? [...names.slice(0, MANY - 1), `${names.length - MANY + 1} more`] : names;
  return [told.slice(0, -1).join(', '), ...told.slice(-1)].filter((part) => part !== '').join(' and ');
}
