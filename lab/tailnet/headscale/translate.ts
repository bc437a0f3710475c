import { parseHuJson, toData, type Json } from '../policy/hujson.ts';

/** Owners of tags that headscale 0.29 does not know. Whether somebody may hand out a tag is judged by the records anyway. */
const UNKNOWN_OWNERS = /^autogroup:(admin|owner|network-admin|it-admin|member)$/;

/**
 * A policy as headscale takes it: the same but for owners of tags that it has no word for, and for tests whose source is a
 * person, a group or a tag: it fails those while nobody of them has joined, which the service does not. Tests of logins name
 * people and tags, so they go too. The records run all.
 */
export function forHeadscale(text: string): string {
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
  const tests = Array.isArray(policy.tests) ? policy.tests.filter(fromAddress) : [];
  return JSON.stringify({
    ...policy,
    tagOwners,
    sshTests: undefined,
    ...(tests.length > 0 ? { tests } : { tests: undefined }),
  });
}

const fromAddress = (test: Json): boolean =>
  isObject(test) && typeof test.src === 'string' && !/^(group|autogroup|tag):|@/.test(test.src);

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
