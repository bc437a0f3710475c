/** The section `sshTests`: who gets which logins by Tailscale SSH. */
import { isSingle, parsePrefix } from './address.ts';
import { attempt, someDevices, sources, type TestFailure } from './evaluate.ts';
import { readList, readObject, readString, readStrings, type Faults } from './fields.ts';
import type { Json } from './hujson.ts';
import { matchesDestination, matchesSource, resolve, type Party, type Surroundings } from './party.ts';
import type { Names } from './selectors.ts';
import type { Policy, SshTest } from './types.ts';

const FIELDS = ['src', 'dst', 'accept', 'check', 'deny'];

/** Destinations are checked while reading, as the service does; all else makes a test fail. */
export function readSshTests(value: Json | undefined, names: Names, faults: Faults): SshTest[] {
  return readList(value, 'sshTests', faults).map((entry, index) => {
    const where = `sshTests[${index}]`;
    const test = readObject(entry, where, FIELDS, faults);
    const texts = (key: string): string[] => readStrings(test[key], `${where}.${key}`, faults).map(({ text }) => text);
    for (const { text, path } of readStrings(test.dst, `${where}.dst`, faults)) {
      const prefix = names.hosts.get(text) ?? parsePrefix(text);
      if (text === 'autogroup:internet' || (prefix !== undefined && !isSingle(prefix)))
        faults.add(path, `SSH tests dst contains disallowed element ${JSON.stringify(text)}`);
      else if (text.startsWith('tag:') && !names.tags.has(text))
        faults.add(path, `SSH tests dst contains unknown tag ${JSON.stringify(text)}`);
    }
    const src = test.src === undefined ? '' : readString(test.src, `${where}.src`, faults);
    const [dst, accept, check, deny] = [texts('dst'), texts('accept'), texts('check'), texts('deny')];
    const malformed: string[] = [];
    if (src === '') malformed.push('src must be specified');
    if (dst.length === 0) malformed.push('dst must be specified');
    if (accept.length + check.length + deny.length === 0) malformed.push('accept, check or deny must be specified');
    if ([...accept, ...check, ...deny].includes('')) malformed.push('a login cannot be empty');
    return { src, dst, accept, check, deny, malformed };
  });
}

/** Runs them; answers the failing ones only. A login must come out the same for every device of the source and the destinations. */
export function failingSshTests(policy: Policy, around: Surroundings): TestFailure[] {
  return policy.sshTests.flatMap((test) => {
    const errors = [...test.malformed];
    if (errors.length === 0) {
      const from = attempt(errors, () => sources(test.src, policy, around)) ?? [];
      const to = test.dst.flatMap((name) => attempt(errors, () => destinations(name, policy, around)) ?? []);
      for (const wanted of from.length * to.length === 0 ? [] : (['accept', 'check', 'deny'] as const))
        for (const login of test[wanted]) {
          const got = new Set(from.flatMap((src) => to.map((dst) => verdict(src, dst, login, policy, around))));
          if (got.size > 1 || !got.has(wanted))
            errors.push(`login ${JSON.stringify(login)}: want: ${wanted}, got: ${[...got].sort().join(' and ')}`);
        }
    }
    return errors.length === 0 ? [] : [{ user: test.src, errors }];
  });
}

/** Nodes: a name without one cannot be logged in to, and a test of it cannot hold. */
function destinations(name: string, policy: Policy, around: Surroundings): Party[] {
  return /^(?:tag:|autogroup:|group:)|@/.test(name)
    ? someDevices(name, 'destination', policy, around)
    : resolve(name, policy, around);
}

/**
 * Rules with a check come first, wherever they stand. So a login that both kinds give is one with a check, though headscale
 * lets it pass for an accepted one too.
 */
function verdict(
  src: Party,
  dst: Party,
  login: string,
  policy: Policy,
  around: Surroundings,
): 'accept' | 'check' | 'deny' {
  const giving = policy.ssh.filter(
    (rule) =>
      rule.users.some((user) => user === login || (user === 'autogroup:nonroot' && login !== 'root')) &&
      rule.src.some((selector) => matchesSource(selector, src, around)) &&
      rule.dst.some((selector) => matchesDestination(selector, dst, src, around)),
  );
  if (giving.length === 0) return 'deny';
  return giving.some(({ action }) => action === 'check') ? 'check' : 'accept';
}
