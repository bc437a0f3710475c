import { parseHuJson, toData, type Json } from '../policy/hujson.ts';

/** Owners of tags that headscale 0.29 does not know. Whether somebody may hand out a tag is judged by the records anyway. */
const UNKNOWN_OWNERS = /^autogroup:(admin|owner|network-admin|it-admin|member)$/;

/**
 * A policy as headscale takes it: the same but for owners of tags that it has no word for, and for tests whose source is a
 * person, a group or a tag: it fails those while nobody of them has joined, which the service does not. Tests of logins name
 * people and tags, so they go too. The records run all.
 */
export function forHeadscale(text: string): string {
  return translated(text, (tests) => tests.filter(fromAddress));
}

/**
 * The same with other tests in it, which are asked of the nodes of now: those of tags are, those of people are not, of whom
 * headscale knows devices only. undefined: nothing is left to ask.
 * @param tests an array-form validation
 */
export function withTests(text: string, tests: Json[]): string | undefined {
  const asked = tests.filter((test) => fromAddress(test) || fromTag(test));
  return asked.length === 0 ? undefined : translated(text, () => asked);
}

function translated(text: string, testsOf: (own: Json[]) => Json[]): string {
  const policy = toData(parseHuJson(text));
  if (!isObject(policy)) return text;
  const tagOwners = Object.fromEntries(
    Object.entries(isObject(policy.tagOwners) ? policy.tagOwners : {}).map(([tag, owners]): [string, Json] => [
      tag,
      Array.isArray(owners)
        ? owners.filter((owner) => typeof owner !== 'string' || !UNKNOWN_OWNERS.test(owner))
        : owners,
    ]),
  );
  const tests = testsOf(Array.isArray(policy.tests) ? policy.tests : []);
  return JSON.stringify({
    ...policy,
    tagOwners,
    sshTests: undefined,
    ...(tests.length > 0 ? { tests } : { tests: undefined }),
  });
}

const fromAddress = (test: Json): boolean =>
  isObject(test) && typeof test.src === 'string' && !/^(group|autogroup|tag):|@/.test(test.src);

const fromTag = (test: Json): boolean => isObject(test) && typeof test.src === 'string' && test.src.startsWith('tag:');

/**
 * headscale's lines about failing tests (`tag:a -> b:22 (tcp): expected DENIED, got ALLOWED`) in the service's form, by source;
 * empty when its words are about something else.
 */
export function testFailures(said: string): { user: string; errors: string[] }[] {
  const [first, ...lines] = said.split('\n');
  if (first?.endsWith('test(s) failed:') !== true) return [];
  const bySource = new Map<string, string[]>();
  for (const line of lines) {
    const [, src = '', target = '', wanted] =
      /^(\S+) -> (\S+)(?: \(\w+\))?: expected (ALLOWED|DENIED), got \w+$/.exec(line) ?? [];
    const [, who = '', words = ''] = /^(\S+)(?: \(\w+\))?: (.+)$/.exec(line) ?? [];
    const [want, got] = wanted === 'ALLOWED' ? ['Accept', 'Drop'] : ['Drop', 'Accept'];
    const told = wanted === undefined ? words : `address ${JSON.stringify(target)}: want: ${want}, got: ${got}`;
    const user = wanted === undefined ? who : src;
    bySource.set(user, [...(bySource.get(user) ?? []), told]);
  }
  return [...bySource].map(([user, errors]) => ({ user, errors }));
}

/** Logins of people that a policy names, anywhere in it. */
export function peopleIn(text: string): string[] {
  const found = new Set<string>();
  const visit = (value: Json): void => {
    if (typeof value === 'string' && /^[^@\s:]+@[^@\s:]+\.[^@\s:]+$/.test(value)) found.add(value);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (isObject(value)) Object.values(value).forEach(visit);
  };
  visit(toData(parseHuJson(text)));
  return [...found].sort();
}

const isObject = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
