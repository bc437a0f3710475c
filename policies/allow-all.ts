import type { Node } from 'jsonc-parser';
import { elements, entries, fields, parse, strings, text, Unreadable } from './hujson.ts';
import { allPorts, breadth } from './selectors.ts';

/**
 * Why a tailnet policy must not be published, each reason a phrase that follows "the policy …"; empty when it may.
 * Reasons name positions (`grants[2]`) and classes of values (`every user`), never values.
 *
 * Refused: a rule by which everybody reaches everything on all ports of TCP or UDP; a text that cannot be read, since what
 * it allows is unknown; an empty one and one with neither `grants` nor `acls`. For the last two the service falls back to
 * its default, and that default allows all (an empty body resets a tailnet to it; a policy without both keys is compiled
 * to "allow all" in headscale's source). `"grants": []` is the way to allow nothing.
 *
 * A rule for some people, some nodes or some ports passes: whether it is right is a question for review.
 */
export function allowAllReasons(policy: string): string[] {
  if (policy.trim() === '') return ['is empty, which makes the service restore its default, and that allows all'];
  try {
    const root = parse(policy);
    const [grants, acls] = [fields(root, 'the top level', 'grants'), fields(root, 'the top level', 'acls')];
    if (grants.length === 0 && acls.length === 0) {
      return ['has neither `grants` nor `acls`, which the service takes for its default, and that allows all'];
    }
    const aliases = aliasesOf(root);
    return [
      ...elements(grants, 'grants').flatMap((rule, index) => judgeGrant(rule, `grants[${index}]`, aliases)),
      ...elements(acls, 'acls').flatMap((rule, index) => judgeAcl(rule, `acls[${index}]`, aliases)),
    ];
  } catch (error) {
    if (error instanceof Unreadable) return [`${error.message}, so what it allows cannot be told`];
    throw error;
  }
}

type Aliases = ReadonlyMap<string, readonly string[]>;

function judgeGrant(rule: Node, where: string, aliases: Aliases): string[] {
  const ports = strings(fields(rule, where, 'ip'), `${where}.ip`).flatMap((capability) => {
    const [protocol, list] = capability.includes(':') ? capability.split(':') : ['', capability];
    return [{ protocol: protocol ?? '', ports: list ?? '' }];
  });
  // No `ip`: the grant gives application capabilities and no packets.
  return judge(
    where,
    strings(fields(rule, where, 'src'), `${where}.src`),
    strings(fields(rule, where, 'dst'), `${where}.dst`).map((selector) => ({ selector, ports })),
    aliases,
  );
}

function judgeAcl(rule: Node, where: string, aliases: Aliases): string[] {
  // `users` and `ports` are the older names, which the service still takes.
  const [proto] = fields(rule, where, 'proto');
  const protocol = proto === undefined ? '' : text(proto, `${where}.proto`);
  const destinations = strings(fields(rule, where, 'dst', 'ports'), `${where}.dst`).map((dst) => {
    // The last colon: IPv6 has more. Without any, it is no valid destination; read as broadly as it can be.
    const [, selector = dst, ports = '*'] = /^(.*):([^:]*)$/.exec(dst) ?? [];
    return { selector, ports: [{ protocol, ports }] };
  });
  return judge(where, strings(fields(rule, where, 'src', 'users'), `${where}.src`), destinations, aliases);
}

interface Destination {
  selector: string;
  ports: { protocol: string; ports: string }[];
}

function judge(where: string, sources: string[], destinations: Destination[], aliases: Aliases): string[] {
  const from = breadth(sources, aliases);
  const open = destinations.filter(({ ports }) => opensAll(ports)).map(({ selector }) => selector);
  const to = breadth(open, aliases);
  return from !== undefined && to !== undefined ? [`lets ${from} reach ${to} on all ports (${where})`] : [];
}

/** All ports of TCP, of UDP or of anything; ICMP and the like carry no service. */
function opensAll(capabilities: Destination['ports']): boolean {
  return [
    ['tcp', '6'],
    ['udp', '17'],
  ].some((names) =>
    allPorts(
      capabilities
        .filter(({ protocol }) => ['', '*', ...names].includes(protocol.toLowerCase()))
        .map(({ ports }) => ports),
    ),
  );
}

function aliasesOf(root: Node): Aliases {
  const hosts = fields(root, 'the top level', 'hosts').flatMap((node) => entries(node, 'hosts'));
  const sets = fields(root, 'the top level', 'ipsets').flatMap((node) => entries(node, 'ipsets'));
  const aliases = new Map<string, string[]>();
  const add = (name: string, values: string[]): void => {
    aliases.set(name, [...(aliases.get(name) ?? []), ...values]);
  };
  for (const { key, value } of hosts) add(key, [text(value, 'hosts')]);
  for (const { key, value } of sets) {
    // An element may be `add X` or `host:NAME`; one that takes addresses out again cannot make a set broader.
    const values = strings([value], 'ipsets').filter((element) => !element.startsWith('remove '));
    add(
      key,
      values
        .map((element) => element.replace(/^add /, ''))
        .flatMap((name) => aliases.get(name.replace(/^host:/, '')) ?? [name]),
    );
  }
  return aliases;
}
