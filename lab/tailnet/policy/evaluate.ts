/** Does a packet pass, and does a test hold. */
import { DEFAULT_PROTOCOLS, portsAllow } from './ports.ts';
import { splitPort } from './read-rules.ts';
import {
  NoSuchParty,
  devices,
  matchesDestination,
  matchesSource,
  resolve,
  type Party,
  type Surroundings,
} from './party.ts';
import type { Policy, PolicyTest, Ports, Rule } from './types.ts';

const ALLOW_ALL: Rule[] = [
  {
    where: 'no grants and no acls',
    src: [{ kind: 'any' }],
    dst: [{ selector: { kind: 'any' }, ports: [{ protocols: [...DEFAULT_PROTOCOLS], first: 0, last: 65_535 }] }],
  },
];

export const rulesOf = (policy: Policy): Rule[] => policy.rules ?? ALLOW_ALL;

/** The first rule that joins the two and whose ports please `pass`. */
function ruleFor(
  policy: Policy,
  around: Surroundings,
  src: Party,
  dst: Party,
  pass: (ports: Ports) => boolean,
): Rule | undefined {
  return rulesOf(policy).find(
    (rule) =>
      rule.src.some((selector) => matchesSource(selector, src, around)) &&
      rule.dst.some((to) => matchesDestination(to.selector, dst, src, around) && to.ports.some(pass)),
  );
}

export interface TestFailure {
  /** The test's `src`, as the service names it. */
  user: string;
  errors: string[];
}

/** Runs tests against a policy; answers the failing ones only. */
export function failingTests(policy: Policy, around: Surroundings, tests: PolicyTest[]): TestFailure[] {
  return tests.flatMap((test) => {
    const errors = [...test.malformed];
    if (errors.length === 0) {
      const from = attempt(errors, () => sources(test.src, policy, around)) ?? [];
      for (const [wanted, targets] of [
        ['Accept', test.accept],
        ['Drop', test.deny],
      ] as const) {
        for (const target of from.length === 0 ? [] : targets) {
          const got = attempt(errors, () => verdict(from, target, test.proto, policy, around));
          if (got !== undefined && got !== wanted)
            errors.push(
              `address ${JSON.stringify(target)}: want: ${wanted}, got: ${wanted === 'Drop' ? 'Accept' : 'Drop'}`,
            );
        }
      }
    }
    return errors.length === 0 ? [] : [{ user: test.src, errors }];
  });
}

export function attempt<T>(errors: string[], what: () => T): T | undefined {
  try {
    return what();
  } catch (error) {
    if (!(error instanceof NoSuchParty)) throw error;
    errors.push(error.message);
    return undefined;
  }
}

/** A tag or autogroup is its devices and nothing else: before the first joins, such a test cannot hold. */
export function sources(name: string, policy: Policy, around: Surroundings): Party[] {
  // Each address of a device must get through by itself.
  if (/^(?:tag|autogroup):/.test(name))
    return someDevices(name, 'source', policy, around).flatMap((device) =>
      device.addresses.map((address) => ({ ...device, addresses: [address] })),
    );
  const isUser = name.includes('@') && !name.startsWith('group:');
  if (isUser && !knownUser(name, policy, around)) throw new NoSuchParty(`user not found: ${JSON.stringify(name)}`);
  return resolve(name, policy, around);
}

export function someDevices(
  name: string,
  side: 'source' | 'destination',
  policy: Policy,
  around: Surroundings,
): Party[] {
  if (!name.startsWith('autogroup:')) resolve(name, policy, around);
  const found = devices(name, policy, around);
  if (found.length === 0) throw new NoSuchParty(`${side} ${JSON.stringify(name)} resolved to no IP addresses`);
  return found;
}

const knownUser = (login: string, policy: Policy, around: Surroundings): boolean =>
  around.admins.includes(login) ||
  around.nodes.some((node) => node.user === login) ||
  [...policy.groups.values()].some((members) => members.includes(login)) ||
  rulesOf(policy).some((rule) => rule.src.some((selector) => selector.kind === 'user' && selector.login === login));

function verdict(
  from: Party[],
  target: string,
  proto: number | undefined,
  policy: Policy,
  around: Surroundings,
): 'Accept' | 'Drop' | 'mixed' {
  const [host, portText] = splitPort(target);
  const port = Number(portText);
  if (!/^\d{1,5}$/.test(portText) || port < 1 || port > 65_535)
    throw new NoSuchParty(`address ${JSON.stringify(target)}: one port from 1 to 65535 must stand after the last ":"`);
  const named = /^(?:tag:|group:|autogroup:)|@/.test(host);
  const to = named ? someDevices(host, 'destination', policy, around) : resolve(host, policy, around);
  const protocols = proto === undefined ? DEFAULT_PROTOCOLS : [proto];
  // Unlike the packet filter, a test looks at ports for every protocol; without `proto` any of them will do, so an
  // "icmp:*" grant makes "accept: x:22" hold.
  const pass = (ports: Ports): boolean =>
    ports.protocols.some((p) => protocols.includes(p)) && ports.first <= port && port <= ports.last;
  const verdicts = from.flatMap((src) => to.map((dst) => ruleFor(policy, around, src, dst, pass) !== undefined));
  if (verdicts.every(Boolean)) return 'Accept';
  return verdicts.some(Boolean) ? 'mixed' : 'Drop';
}

/** Whether every packet that the question names passes, and by which rules. Throws NoSuchParty. */
export function judge(
  policy: Policy,
  around: Surroundings,
  question: { src: string; dst: string; protocol: number; port: number },
): Rule[] | undefined {
  const to = resolve(question.dst, policy, around);
  const rules: Rule[] = [];
  for (const src of resolve(question.src, policy, around)) {
    for (const dst of to) {
      const rule = ruleFor(policy, around, src, dst, (ports) => portsAllow(ports, question.protocol, question.port));
      if (rule === undefined) return undefined;
      rules.push(rule);
    }
  }
  return rules;
}
