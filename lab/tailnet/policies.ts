/** The policy file: one text per tailnet, guarded by its ETag. */
import { z } from 'zod';
import { PolicyError } from './policy/index.ts';
import { policyEtag } from './policy/format.ts';
import { parseHuJson, type Json } from './policy/hujson.ts';
import { Refusal } from './records.ts';
import { interpretHere, livePolicy, saveTailnet, tailnetRecord, type Scope } from './scope.ts';

/** Only fits a tailnet whose policy nobody has ever changed. */
const DEFAULT_TAG = 'ts-default';

export interface LivePolicy {
  text: string;
  etag: string;
}

export function getPolicy(scope: Scope): LivePolicy {
  const text = livePolicy(scope);
  return { text, etag: policyEtag(text) };
}

/** Why the service would refuse this text; undefined when it would take it. Tests of the policy run against the devices of now. */
export function policyRefusal(scope: Scope, text: string): Refusal | undefined {
  try {
    const failing = interpretHere(scope, text).failingTests();
    return failing.length === 0 ? undefined : new Refusal(400, 'test(s) failed', failing);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return new Refusal(400, error.message, [{ user: '', errors: error.describe().split('\n') }]);
  }
}

/** Tests against the live policy; undefined when all hold. */
export function testRefusal(scope: Scope, tests: Json): Refusal | undefined {
  const lockedOut = scope.deps.faults.hits('policy-lockout', scope.config.name) ? lockout(tests) : [];
  if (lockedOut.length > 0) return new Refusal(400, 'test(s) failed', lockedOut);
  try {
    const failing = interpretHere(scope, livePolicy(scope)).failingTests(tests);
    return failing.length === 0 ? undefined : new Refusal(400, 'test(s) failed', failing);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return new Refusal(400, error.message, [{ user: '', errors: error.describe().split('\n') }]);
  }
}

/**
 * Replaces the policy; an empty text puts the default back. Throws Refusal: 412 when `ifMatch` (without quotes) is not
 * the live text's, 400 when the text or one of its tests is bad. Without `ifMatch` the last writer wins.
 */
export function setPolicy(scope: Scope, text: string, ifMatch: string | undefined): LivePolicy {
  if (scope.deps.faults.hits('policy-edited', scope.config.name)) editByHand(scope);
  const record = tailnetRecord(scope);
  if (ifMatch !== undefined) {
    const matches =
      ifMatch === DEFAULT_TAG
        ? record.policy === undefined && scope.config.preparedPolicy === undefined
        : ifMatch === getPolicy(scope).etag;
    if (!matches) throw new Refusal(412, 'precondition failed, invalid old hash');
  }
  if (text.trim() === '') {
    delete record.policy;
  } else {
    const refusal = policyRefusal(scope, text);
    if (refusal !== undefined) throw refusal;
    record.policy = text;
  }
  saveTailnet(scope, record);
  return getPolicy(scope);
}

/** What the service would say of each test whose source gets nowhere. */
function lockout(tests: Json): { user: string; errors: string[] }[] {
  return z
    .array(ASKED)
    .parse(tests)
    .map(({ src, accept }) => ({
      user: src,
      errors: accept.map((address) => `address ${JSON.stringify(address)}: want: Accept, got: Drop`),
    }));
}
const ASKED = z.object({ src: z.string(), accept: z.array(z.string()).default([]) });

/** Somebody adds a host alias in the console: a small edit that is valid in any policy and really changes it. */
function editByHand(scope: Scope): void {
  const record = tailnetRecord(scope);
  record.edits += 1;
  record.policy = withAlias(livePolicy(scope), `console-edit-${record.edits}`, '192.0.2.1');
  saveTailnet(scope, record);
}

function withAlias(text: string, name: string, address: string): string {
  const root = parseHuJson(text);
  const entry = `${JSON.stringify(name)}: ${JSON.stringify(address)},`;
  const hosts =
    root.node.kind === 'object'
      ? root.node.members.find((member) => member.name.node.kind === 'literal' && member.name.node.text === '"hosts"')
      : undefined;
  const at = (hosts?.value.offset ?? root.offset) + 1;
  return text.slice(0, at) + (hosts === undefined ? `"hosts": {${entry}},` : entry) + text.slice(at);
}
