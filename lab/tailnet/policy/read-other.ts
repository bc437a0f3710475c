/** The sections beside the rules: tests, ssh, autoApprovers, nodeAttrs. */
import { parsePrefix, hasHostBits } from './address.ts';
import { readList, readObject, readString, readStrings, type Faults } from './fields.ts';
import type { Json } from './hujson.ts';
import { protocolNumbers } from './ports.ts';
import { readSelectors } from './read-rules.ts';
import type { Names } from './selectors.ts';
import type { Policy, PolicyTest, SshRule } from './types.ts';

const TEST_FIELDS = ['src', 'proto', 'accept', 'deny'];

/**
 * Tests as they stand. What is wrong with an entry makes it fail, and the text is refused with "test(s) failed": the
 * service answers so even for a missing `src`.
 */
export function readTests(value: Json | undefined, path: string, faults: Faults): PolicyTest[] {
  return readList(value, path, faults).map((entry, index) => {
    const where = `${path}[${index}]`;
    const test = readObject(entry, where, TEST_FIELDS, faults);
    const texts = (key: string): string[] => readStrings(test[key], `${where}.${key}`, faults).map((item) => item.text);
    const src = test.src === undefined ? '' : readString(test.src, `${where}.src`, faults);
    const malformed: string[] = [];
    const proto =
      test.proto === undefined || test.proto === ''
        ? undefined
        : protocolNumbers(readString(test.proto, `${where}.proto`, faults));
    if (test.proto !== undefined && test.proto !== '' && proto === undefined)
      malformed.push(`unknown protocol ${JSON.stringify(test.proto)}`);
    if (proto !== undefined && proto.length > 1) malformed.push('proto icmp cannot be tested');
    const accept = texts('accept');
    const deny = texts('deny');
    if (src === '') malformed.push('src must be specified');
    if (accept.length + deny.length === 0) malformed.push('accept or deny must be specified');
    return { src, proto: proto?.[0], accept, deny, malformed };
  });
}

const SSH_FIELDS = ['action', 'src', 'dst', 'users', 'checkPeriod', 'acceptEnv'];
const UNIT_SECONDS: Record<string, number> = { h: 3600, m: 60, s: 1 };

export function readSsh(value: Json | undefined, names: Names, faults: Faults): SshRule[] {
  return readList(value, 'ssh', faults).map((entry, index) => {
    const where = `ssh[${index}]`;
    const rule = readObject(entry, where, SSH_FIELDS, faults);
    const { action } = rule;
    if (action === undefined || action === '') faults.add(`${where}.action`, 'action must be specified');
    else if (action !== 'accept' && action !== 'check')
      faults.add(`${where}.action`, `${JSON.stringify(action)} is not a valid action`);
    const users = readStrings(rule.users, `${where}.users`, faults);
    if (users.length === 0) faults.add(`${where}.users`, 'users must be specified');
    for (const user of users)
      if (user.text === '' || user.text === '*')
        faults.add(user.path, `user ${JSON.stringify(user.text)} is not valid`);
    for (const user of users)
      if (user.text.startsWith('localpart:'))
        faults.add(user.path, 'the service knows "localpart:", this lab does not judge it: leave it out here');
    for (const env of readStrings(rule.acceptEnv, `${where}.acceptEnv`, faults))
      if (env.text === '') faults.add(env.path, 'acceptEnv values cannot be empty');
    if (rule.checkPeriod !== undefined)
      checkPeriod(readString(rule.checkPeriod, `${where}.checkPeriod`, faults), `${where}.checkPeriod`, faults);
    for (const src of action === 'check' ? readStrings(rule.src, `${where}.src`, faults) : [])
      if (/^(?:tag:|autogroup:tagged$)/.test(src.text))
        faults.add(src.path, '"check" action does not support tags in src');
    // A destination of ssh is a node that runs its server: a tag, the own devices, or a user's.
    for (const dst of readStrings(rule.dst, `${where}.dst`, faults))
      if (!/^(?:tag:|autogroup:(?:self|member|tagged|admin|owner)$)|@/.test(dst.text))
        faults.add(dst.path, `invalid dst ${JSON.stringify(dst.text)}`);
    return {
      action: action === 'check' ? 'check' : 'accept',
      src: readSelectors(rule.src, `${where}.src`, 'src', names, faults),
      dst: readSelectors(
        readStrings(rule.dst, '', faults)
          .map((dst) => dst.text)
          .filter((text) => /^(?:tag:|autogroup:)|@/.test(text)),
        `${where}.dst`,
        'dst',
        names,
        faults,
      ),
      users: users.map((user) => user.text),
    };
  });
}

function checkPeriod(text: string, path: string, faults: Faults): void {
  if (text === 'always') return;
  if (!/^-?(?:\d+(?:\.\d+)?[hms])+$/.test(text)) {
    faults.add(path, `time: invalid duration ${JSON.stringify(text)}`);
    return;
  }
  const seconds = [...text.matchAll(/(\d+(?:\.\d+)?)([hms])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNIT_SECONDS[unit ?? 's'] ?? 1),
    0,
  );
  if (text.startsWith('-')) faults.add(path, `checkPeriod ${text} must be a positive duration`);
  else if (seconds > 168 * 3600) faults.add(path, `checkPeriod ${text} is above the max (168h)`);
}

export function readAutoApprovers(value: Json | undefined, names: Names, faults: Faults): Policy['autoApprovers'] {
  if (value === undefined) return { routes: [], exitNode: [] };
  const section = readObject(value, 'autoApprovers', ['routes', 'exitNode'], faults);
  const routes = Object.entries(
    section.routes === undefined ? {} : readObject(section.routes, 'autoApprovers.routes', undefined, faults),
  );
  return {
    routes: routes.flatMap(([text, approvers]) => {
      const path = `autoApprovers.routes[${JSON.stringify(text)}]`;
      const prefix = parsePrefix(text);
      const by = readSelectors(approvers, path, 'owner', names, faults);
      if (prefix !== undefined && !hasHostBits(prefix)) return [{ prefix, approvers: by }];
      faults.add(path, `${JSON.stringify(text)}: invalid route prefix`);
      return [];
    }),
    exitNode: readSelectors(section.exitNode, 'autoApprovers.exitNode', 'owner', names, faults),
  };
}

/** Attributes do not move packets; only their form and the names in them are checked. */
export function checkNodeAttrs(value: Json | undefined, names: Names, faults: Faults): void {
  for (const [index, entry] of readList(value, 'nodeAttrs', faults).entries()) {
    const where = `nodeAttrs[${index}]`;
    const attr = readObject(entry, where, ['target', 'attr', 'app', 'ipPool'], faults);
    readSelectors(attr.target, `${where}.target`, 'src', names, faults);
    readStrings(attr.attr, `${where}.attr`, faults);
    if (attr.ipPool !== undefined)
      faults.add(`${where}.ipPool`, 'the service knows ipPool, this lab does not judge it: leave it out here');
  }
}
