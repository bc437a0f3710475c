import { closest } from './suggest.ts';

/** One thing that is wrong with the configuration, told so that its reader can mend it without asking anybody. */
export interface Fault {
  /** Below the stack's `site-mesh:` namespace, as `pulumi config set --path` takes it: `sites.eu-fra.hosts[0].lan`. */
  path: string;
  /** What stands there, shortened. Never a secret and never the content of an unknown key. */
  value: string;
  problem: string;
  remedy: string;
}

export type Path = readonly PropertyKey[];

const PLAIN_KEY = /^[A-Za-z0-9_-]+$/;
const LONGEST_VALUE = 72;

/** `['sites', 'eu-fra', 'hosts', 0]` → `sites.eu-fra.hosts[0]`. Keys with other characters are quoted. */
export function showPath(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (!PLAIN_KEY.test(String(key))) text += `["${String(key)}"]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text;
}

/** Credentials that people paste into the wrong place: private keys, Tailscale keys, long opaque tokens. */
const LOOKS_SECRET = /PRIVATE KEY|tskey-|^[A-Za-z0-9]{40,}$/;

/** A value as an error may show it: one line, short, no structure, nothing that could be a credential. */
function showValue(value: unknown): string {
  if (value === undefined || value === null) return '(nothing)';
  if (Array.isArray(value)) return value.length === 0 ? '(an empty list)' : '(a list)';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? '(an empty mapping)' : '(a mapping)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (LOOKS_SECRET.test(text)) return '(not shown: it looks like a credential)';
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE - 1)}…` : line;
}

export function fault(path: Path, value: unknown, problem: string, remedy: string): Fault {
  return { path: showPath(path), value: showValue(value), problem, remedy };
}

/** "did you mean …", or else the whole choice; what a remedy says about a name that nobody declared. */
export function choice(name: string, known: readonly string[], otherwise: string): string {
  const near = closest(name, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length === 0 ? otherwise : `choose one of: ${known.toSorted().join(', ')}`;
}

/** All faults as one text for a terminal; the empty text when there are none. Order: by path. */
export function renderFaults(faults: readonly Fault[]): string {
  if (faults.length === 0) return '';
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
  return [`The stack's configuration has ${count}; nothing was created or changed.`, ...faults.map(renderFault)].join(
    '\n\n',
  );
}

/** One fault: where and what, why, the way out. */
export const renderFault = ({ path, value, problem, remedy }: Fault): string =>
  `  site-mesh:${path} = ${value}\n    ${problem}\n    → ${remedy}`;
