import { portSet, minus } from '../../../access/ports.ts';
import { isSelf, type Evaluation } from './classes.ts';
import { told, type Part } from './permission.ts';
import { hasPorts, protocolName } from './protocols.ts';
import { Once } from './once.ts';
import { Parties, type Party } from './parties.ts';
import { within, type Family } from './ranges.ts';
import type { Face } from './side.ts';
import type { Selector, SshRule } from './types.ts';
import { rangesOf, type Revision } from './universe.ts';

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
  readonly #evaluation: Evaluation;
  readonly #revision: Revision;
  readonly #parties: Parties;
  readonly #sets = new Once<readonly Face[], ReadonlySet<Face>>();

  constructor(evaluation: Evaluation, revision: Revision) {
    this.#evaluation = evaluation;
    this.#revision = revision;
    this.#parties = new Parties(evaluation.side, revision);
  }

  /** @throws Unknown for a name that is nobody's; RangeError for a protocol or a port that does not exist */
  ask({ from, to, protocol, port = NaN }: Question): Answer {
    const name = protocolName(protocol);
    if (name === undefined) throw new RangeError(`no protocol is called ${JSON.stringify(protocol)}`);
    if (hasPorts(name) && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
      throw new RangeError(`a question about ${name} needs a port from 0 to 65535`);
    const wanted = hasPorts(name) ? `${name}/${port}` : `${name}/*`;
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
        const { family } = from;
        if (family !== to.family) continue;
        families.add(family);
        for (const part of this.#evaluation.parts) {
          const match = this.#match(part, from, to);
          if (match === undefined) continue;
          if (part.kind === 'ssh') {
            const { action, users, checkPeriod } = part.rule;
            ssh.push({ ...match, action, users, ...(checkPeriod !== undefined && { checkPeriod }) });
          } else if (permits(part.rule.ports, wanted))
            rules.push({ match: { ...match, ip: part.rule.ip.join(', ') }, family });
          else for (const text of told(portSet(part.rule.ports))) others.add(text);
        }
      }
    }
    return { source: source.label, target: target.label, rules, ssh, others: [...others], families };
  }

  #match({ kind, rule }: Part, from: Face, to: Face): Omit<RuleMatch, 'ip'> | undefined {
    if (kind === 'ssh' && to.ssh === false) return undefined;
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
      ...(conditions.length > 0 && { conditional: conditions.join(', ') }),
    };
  }

  /** The first selector that is certain, else the first one. */
  #selecting(all: readonly Selector[], side: 'src' | 'dst', face: Face) {
    let maybe: { text: string; sure: boolean } | undefined;
    for (const selector of all) {
      const selected = this.#evaluation.side.select(selector, side);
      if (this.#has(selected.sure, face)) return { text: selector.text, sure: true };
      if (maybe === undefined && this.#has(selected.maybe, face)) maybe = { text: selector.text, sure: false };
    }
    return maybe;
  }

  #has(faces: readonly Face[], face: Face): boolean {
    return this.#sets.of(faces, (all) => new Set(all)).has(face);
  }

  #own(dst: readonly Selector[], { login }: Face, to: Face) {
    if (login === undefined || login !== to.login) return undefined;
    const self = dst.find(isSelf);
    return self && { text: self.text, sure: true };
  }

  /** Every name that a question may use; addresses besides. */
  names(): string[] {
    return this.#parties.names();
  }

  /** Routers of what the targets are addresses behind. */
  #through(targets: readonly Party[]): string[] {
    const ranges = targets.flatMap(({ entity, faces }) =>
      entity.kind === 'node' ? [] : faces.flatMap(({ addresses }) => addresses),
    );
    const routing = this.#revision.world.nodes.filter(({ routes = [] }) =>
      rangesOf(routes).some((route) => ranges.some((range) => within(range, route))),
    );
    return routing.map(({ name }) => name).sort();
  }
}

/** A person has several devices, a LAN several hosts. */
const isItself = ({ entity }: Party, target: Party): boolean =>
  entity === target.entity && (entity.kind === 'node' || entity.kind === 'lan-host');

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
  wanted === 'icmp/*' || minus(portSet([wanted]), portSet(ports)).size === 0;

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
  // Where the two could speak in both families, and are permitted to in one.
  const limits = pairs.map((pair) => {
    const open = new Set(pair.rules.map(({ family }) => family));
    return open.size < pair.families.size ? [...open].join() : '';
  });
  const only = [...new Set(limits.filter((limit) => limit !== ''))].sort().map((family) => `IPv${family}`);
  return [
    `${count(paths.length, 'rule')} permit${paths.length === 1 ? 's' : ''} it: ${paths.join(', ')}`,
    ...(only.length === 0 ? [] : [`${limits.includes('') ? 'in part ' : ''}over ${only.join(' or ')} only`]),
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
