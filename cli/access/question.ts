import { closest } from '../../mesh/config/suggest.ts';
import { CliError, EXIT } from '../exit.ts';
import type { StackAccess } from './held.ts';

/** What was asked with `--from` and `--to`, in names that the evaluator knows. */
export interface Asked {
  from: { told: string; names: string[] };
  to: { told: string; names: string[] };
  protocol: string;
  port?: number;
}

const PROTOCOLS = 'tcp, udp, icmp, sctp, gre … or a number';

/**
 * `fra-db-01:5432`, `fra-db-01:53/udp`, `fra-db-01:icmp`, `[fd5a::20]:873`. Throws CliError (usage).
 */
export function parseTarget(text: string): { name: string; protocol: string; port?: number } {
  const [, bracketed, plain, what = ''] = /^(?:\[([^\]]+)\]|(.*)):([^:]*)$/.exec(text) ?? [];
  const name = bracketed ?? plain ?? '';
  const [first = '', protocol, ...more] = what.split('/');
  const port = Number(first);
  if (name !== '' && more.length === 0) {
    if (/^\d{1,5}$/.test(first) && port <= 65_535) return { name, protocol: protocol ?? 'tcp', port };
    if (protocol === undefined && /^[a-z][a-z0-9-]*$/i.test(first)) return { name, protocol: first };
  }
  throw new CliError(
    EXIT.usage,
    `--to ${text}: write HOST:PORT, HOST:PORT/PROTOCOL or HOST:icmp, an IPv6 address in brackets (protocols: ${PROTOCOLS})`,
  );
}

/** Throws CliError (usage) for names that nobody has, both at once, with what was probably meant. */
export function asked(stack: StackAccess, from: string, to: string, names: readonly string[]): Asked {
  const { name, protocol, port } = parseTarget(to);
  const sources = resolved('--from', from, stack, names);
  const targets = resolved('--to', name, stack, names);
  const unknown = [sources, targets].filter((one) => typeof one === 'string');
  if (typeof sources === 'string' || typeof targets === 'string') throw new CliError(EXIT.usage, unknown.join('\n'));
  return {
    from: { told: from, names: sources },
    to: { told: name, names: targets },
    protocol,
    ...(port !== undefined && { port }),
  };
}

/** `site:` and `role:` are words of the model, which the policy does not know; the rest the evaluator resolves itself. A text: who is unknown. */
function resolved(
  option: string,
  text: string,
  { places, config }: StackAccess,
  names: readonly string[],
): string[] | string {
  const [kind, name = ''] = text.split(':');
  if (kind === 'site' || kind === 'role') {
    const hosts = places.filter((one) => (kind === 'site' ? one.site === name : one.roles.includes(name)));
    if (hosts.length > 0) return hosts.map((host) => host.name);
  }
  if (names.includes(text) || isAddress(text)) return [text];
  const known = [
    ...names,
    ...Object.keys(config.sites).map((site) => `site:${site}`),
    ...new Set(places.flatMap(({ roles }) => roles.map((role) => `role:${role}`))),
  ];
  const near = closest(text, known) ?? closestPerson(text, known);
  const remedy =
    near === undefined
      ? 'Name a host, a login, group:NAME, site:NAME, role:NAME, "LAN of SITE", a tag or an address'
      : `Did you mean ${near}?`;
  return `${option} ${text}: nobody and nothing of this stack is called that. ${remedy}`;
}

/** `grace` for `grace@example.com`, `sre` for `group:sre`. */
function closestPerson(text: string, known: readonly string[]): string | undefined {
  const short = new Map(known.map((name) => [name.replace(/@.*$/, '').replace(/^[a-z]+:/, ''), name]));
  return short.get(closest(text, [...short.keys()]) ?? '');
}

const isAddress = (text: string): boolean =>
  /^[0-9.]+(?:\/\d+)?$/.test(text) || /^[0-9a-f:.]*:[0-9a-f:.]*(?:\/\d+)?$/i.test(text);
