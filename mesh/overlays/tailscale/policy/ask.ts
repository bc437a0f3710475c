import { portSet, minus } from '../../../access/ports.ts';
import { isSelf, type Evaluation } from './classes.ts';
import { told, type Part } from './permission.ts';
import { hasPorts, protocolName } from './protocols.ts';
import { Parties, type Party } from './parties.ts';
import { within, type Family } from './ranges.ts';
import type { Selected } from './side.ts';
import type { Selector, SshRule } from './types.ts';
import { rangesOf, type Entity, type Revision } from './universe.ts';

export interface Question {
  /** A node, a LAN host, a login, an address or prefix; a group, a tag, an alias or `LAN of SITE` for all of it. */
  from: string;
  to: string;
  /** A name or a number: `tcp`, `udp`, `icmp`, `47`. */
  protocol: string;
  /** Not looked at for protocols without ports. */
  port?: number;
}

/** One rule that permits what was asked. */
export interface RuleMatch {
  path: string;
  line: number;
  why: string;
  /** The selector that each side matched, and the ports, as written. */
  src: string;
  dst: string;
  ip: string;
  /** What must hold besides. */
  conditional?: string;
}

export interface Answer {
  /** Whether a rule permits it, for everybody and everything that was named; with `conditional`: if that holds. */
  allowed: boolean;
  rules: RuleMatch[];
  because: string;
  conditional?: string[];
  /** Nodes that the target's address is routed by; none for members, and where nobody routes it. */
  through: string[];
  /** Logins by Tailscale SSH between the two, whatever the port that was asked. */
  ssh: SshMatch[];
}

export interface SshMatch extends Omit<RuleMatch, 'ip'> {
  action: SshRule['action'];
  users: readonly string[];
  checkPeriod?: string;
}

interface Found {
  match: RuleMatch;
  family: Family;
}

/** Answers questions about one revision. */
export class Asking {
  readonly #entities: readonly Entity[];
  readonly #evaluation: Evaluation;
  readonly #revision: Revision;
  readonly #parties: Parties;
  readonly #sets = new WeakMap<readonly number[], ReadonlySet<number>>();

  constructor(entities: readonly Entity[], evaluation: Evaluation, revision: Revision) {
    this.#entities = entities;
    this.#evaluation = evaluation;
    this.#revision = revision;
    this.#parties = new Parties(entities, evaluation, revision);
  }

  /** @throws Unknown for a name that is nobody's; RangeError for a protocol or a port that does not exist */
  ask({ from, to, protocol, port }: Question): Answer {
    const name = protocolName(protocol);
    if (name === undefined) throw new RangeError(`no protocol is called ${JSON.stringify(protocol)}`);
    if (hasPorts(name) && !(port !== undefined && Number.isInteger(port) && port >= 0 && port <= 65_535))
      throw new RangeError(`a question about ${name} needs a port from 0 to 65535`);
    const wanted = hasPorts(name) ? `${name}/${port ?? 0}` : `${name}/*`;
    const [sources, targets] = [this.#parties.named(from), this.#parties.named(to)];
    // Among many, nobody is asked about itself.
    const many = sources.length * targets.length > 1;
    const pairs = sources.flatMap((source) =>
      targets.flatMap((target) => (many && isItself(source, target) ? [] : [this.#pair(source, target, wanted)])),
    );
    const rules = distinct(pairs.flatMap(({ rules: some }) => some));
    const certain = pairs.every((pair) => pair.rules.some(({ match }) => match.conditional === undefined));
    const denied = pairs.filter((pair) => pair.rules.length === 0);
    const allowed = pairs.length > 0 && denied.length === 0;
    const conditions = [...new Set(rules.flatMap(({ match }) => match.conditional ?? []))].sort();
    return {
      allowed,
      rules: allowed ? distinct(rules.map(({ match }) => match)) : [],
      because: allowed ? permitted(pairs, rules, conditions, certain) : refused(pairs, denied, wanted),
      ...(allowed && !certain && { conditional: conditions }),
      through: this.#through(targets),
      ssh: distinct(pairs.flatMap(({ ssh }) => ssh)),
    };
  }

  #pair(source: Party, target: Party, wanted: string): Pair {
    const rules: Found[] = [];
    const ssh: SshMatch[] = [];
    const others = new Set<string>();
    const families = new Set<Family>();
    for (const from of source.faces) {
      for (const to of target.faces) {
        const family = this.#evaluation.side.faces[from]?.family;
        if (family === undefined || family !== this.#evaluation.side.faces[to]?.family) continue;
        families.add(family);
        for (const part of this.#evaluation.parts) {
          const match = this.#match(part, from, to);
          if (match === undefined) continue;
          const { path, line, why, src, dst, conditional } = match;
          if (part.kind === 'ssh') {
            const { action, users, checkPeriod } = part.rule;
            ssh.push({
              path,
              line,
              why,
              src,
              dst,
              ...(conditional !== undefined && { conditional }),
              action,
              users,
              ...(checkPeriod !== undefined && { checkPeriod }),
            });
          } else if (permits(part.rule.ports, wanted)) rules.push({ match, family });
          else for (const text of told(portSet(part.rule.ports))) others.add(text);
        }
      }
    }
    return { source: source.label, target: target.label, rules, ssh, others: [...others], families };
  }

  #match(part: Part, from: number, to: number): RuleMatch | undefined {
    const { rule } = part;
    if (part.kind === 'ssh' && this.#evaluation.side.faces[to]?.silent === true) return undefined;
    const src = this.#selecting(rule.src, 'src', from);
    if (src === undefined) return undefined;
    const dst = this.#selecting(rule.dst, 'dst', to) ?? this.#own(rule.dst, from, to);
    if (dst === undefined) return undefined;
    const conditions = rule.conditions.map(({ text }) => text);
    if (!src.sure || !dst.sure) conditions.push('if the address is one that the rule names');
    return {
      path: rule.path,
      line: rule.line,
      why: rule.why,
      src: src.text,
      dst: dst.text,
      ip: part.kind === 'network' ? part.rule.ip.join(', ') : '',
      ...(conditions.length > 0 && { conditional: conditions.join(', ') }),
    };
  }

  /** The first selector that is certain, else the first one. */
  #selecting(all: readonly Selector[], side: 'src' | 'dst', face: number) {
    let maybe: { text: string; sure: boolean } | undefined;
    for (const selector of all) {
      const selected: Selected = this.#evaluation.side.select(selector, side);
      if (this.#has(selected.sure, face)) return { text: selector.text, sure: true };
      if (maybe === undefined && this.#has(selected.maybe, face)) maybe = { text: selector.text, sure: false };
    }
    return maybe;
  }

  #own(dst: readonly Selector[], from: number, to: number) {
    const { faces } = this.#evaluation.side;
    const login = faces[from]?.login;
    if (login === undefined || login !== faces[to]?.login) return undefined;
    const self = dst.find(isSelf);
    return self === undefined ? undefined : { text: self.text, sure: true };
  }

  #has(faces: readonly number[], face: number): boolean {
    let set = this.#sets.get(faces);
    if (set === undefined) this.#sets.set(faces, (set = new Set(faces)));
    return set.has(face);
  }

  /** Every name that a question may use; addresses besides. */
  names(): string[] {
    return this.#parties.names();
  }

  /** Routers of what the targets are addresses behind. */
  #through(targets: readonly Party[]): string[] {
    const labels = new Set(targets.map(({ label }) => label));
    const { world } = this.#revision;
    const ranges = this.#entities.flatMap((one) => {
      if (!labels.has(one.label)) return [];
      if (one.kind === 'addresses') return [one.range];
      return one.kind === 'lan-host'
        ? rangesOf(world.lanHosts.find(({ name }) => name === one.name)?.addresses ?? [])
        : [];
    });
    const routing = world.nodes.filter(({ routes = [] }) =>
      rangesOf(routes).some((route) => ranges.some((range) => within(range, route))),
    );
    return routing.map(({ name }) => name).sort();
  }
}

const isItself = (source: Party, target: Party): boolean =>
  !source.several && source.faces.length === target.faces.length && source.faces[0] === target.faces[0];

interface Pair {
  source: string;
  target: string;
  rules: Found[];
  ssh: SshMatch[];
  /** Ports that are open between the two, other than what was asked. */
  others: string[];
  families: ReadonlySet<Family>;
}

/** Any open port lets a ping through (the packet filter looks at addresses only there). */
const permits = (ports: readonly string[], wanted: string): boolean =>
  wanted === 'icmp/*' ? ports.length > 0 : minus(portSet([wanted]), portSet(ports)).size === 0;

function distinct<T>(all: readonly T[]): T[] {
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}

const count = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;

function permitted(
  pairs: readonly Pair[],
  rules: readonly Found[],
  conditions: readonly string[],
  certain: boolean,
): string {
  const paths = [...new Set(rules.map(({ match: { path, why } }) => (path === '' ? why : path)))];
  const partial = pairs.some((pair) => {
    const open = new Set(pair.rules.map(({ family }) => family));
    return [...pair.families].some((family) => !open.has(family));
  });
  const only = rules.every(({ family }) => family === 4) ? 4 : 6;
  return [
    `${count(paths.length, 'rule')} permit${paths.length === 1 ? 's' : ''} it: ${paths.join(', ')}`,
    ...(partial ? [`over IPv${only} only`] : []),
    ...(certain ? [] : [`if: ${conditions.join('; ')}`]),
  ].join('; ');
}

function refused(pairs: readonly Pair[], denied: readonly Pair[], wanted: string): string {
  const [first] = denied;
  if (first === undefined) return 'nobody is named';
  const others = [...new Set(denied.flatMap(({ others: some }) => some))];
  const also =
    others.length === 0 ? 'nothing is permitted between them' : `between them only ${others.join(', ')} is permitted`;
  const rest = pairs.length === 1 ? '' : ` (${denied.length} of ${count(pairs.length, 'pair')} are refused)`;
  return `no rule lets ${first.source} reach ${first.target} on ${wanted}; ${also}${rest}`;
}
