/** From a text to a Policy, or to every reason why the service refuses it. */
import { parsePrefix, hasHostBits, type Prefix } from './address.ts';
import { Faults, readObject, readString, readStrings, type JsonObject } from './fields.ts';
import { HuJsonError, parseHuJson, toData, type Json } from './hujson.ts';
import { checkNodeAttrs, readAutoApprovers, readSsh, readTests } from './read-other.ts';
import { readAcls, readGrants, readSelectors } from './read-rules.ts';
import { isLogin, isTag } from './selectors.ts';
import { readSshTests } from './ssh-tests.ts';
import { PolicyError, type Policy, type Selector } from './types.ts';

const SECTIONS = [
  'grants',
  'acls',
  'groups',
  'hosts',
  'tagOwners',
  'autoApprovers',
  'tests',
  'ssh',
  'sshTests',
  'nodeAttrs',
  'randomizeClientPort',
  'disableIPv4',
  'OneCGNATRoute',
];
/** What the service takes and this lab cannot judge: accepting it would claim more than was checked. */
const NOT_JUDGED = ['postures', 'defaultSrcPosture', 'ipsets', 'attrConfig', 'nodeVisibility', 'derpMap'];

/** Reads and checks a whole policy. Throws PolicyError with all faults. */
export function readPolicy(text: string): Policy {
  let data: Json;
  try {
    data = toData(parseHuJson(text));
  } catch (error) {
    if (error instanceof HuJsonError) throw new PolicyError([{ path: '', message: error.message }]);
    throw error;
  }
  const faults = new Faults();
  const all = readObject(data, '', [...SECTIONS, ...NOT_JUDGED], faults);
  for (const section of NOT_JUDGED)
    if (all[section] !== undefined)
      faults.add(
        section,
        `the service knows ${JSON.stringify(section)}, this lab does not judge it: leave it out here`,
      );

  const groups = readGroups(all, faults);
  const hosts = readHosts(all, faults);
  const owners = all.tagOwners === undefined ? {} : readObject(all.tagOwners, 'tagOwners', undefined, faults);
  const names = { groups, hosts, tags: new Set(Object.keys(owners)) };
  const tagOwners = new Map<string, Selector[]>();
  for (const [tag, by] of Object.entries(owners)) {
    const path = `tagOwners[${JSON.stringify(tag)}]`;
    if (!tag.startsWith('tag:')) faults.add(path, `${path}: tag names must start with 'tag:'`);
    else if (!isTag(tag)) faults.add(path, `${path}: tag names must start with a letter, after 'tag:'`);
    tagOwners.set(tag, readSelectors(by, path, 'owner', names, faults));
  }
  const grants = readGrants(all.grants, names, faults);
  const acls = readAcls(all.acls, names, faults);
  const policy: Policy = {
    groups,
    hosts,
    tagOwners,
    autoApprovers: readAutoApprovers(all.autoApprovers, names, faults),
    // A policy that says nothing about access at all is the service's allow-all; an empty list is deny-all.
    rules: all.grants === undefined && all.acls === undefined ? undefined : [...acls, ...grants],
    ssh: readSsh(all.ssh, names, faults),
    sshTests: readSshTests(all.sshTests, names, faults),
    tests: readTests(all.tests, 'tests', faults),
  };
  checkNodeAttrs(all.nodeAttrs, names, faults);
  if (faults.list.length > 0) throw new PolicyError(faults.list);
  return policy;
}

function readGroups(all: JsonObject, faults: Faults): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  const section = all.groups === undefined ? {} : readObject(all.groups, 'groups', undefined, faults);
  for (const [name, members] of Object.entries(section)) {
    const path = `groups[${JSON.stringify(name)}]`;
    if (!/^group:[^\s:]+$/.test(name)) faults.add(path, `${path}: group names must have the form "group:name"`);
    const logins = readStrings(members, path, faults);
    for (const { text } of logins) {
      if (text.startsWith('group:'))
        faults.add(path, `${path}: ${JSON.stringify(text)}: group members cannot be recursive`);
      else if (!isLogin(text)) faults.add(path, `${path}: ${JSON.stringify(text)}: group members must be users`);
    }
    groups.set(
      name,
      logins.map((login) => login.text),
    );
  }
  return groups;
}

function readHosts(all: JsonObject, faults: Faults): Map<string, Prefix> {
  const hosts = new Map<string, Prefix>();
  const section = all.hosts === undefined ? {} : readObject(all.hosts, 'hosts', undefined, faults);
  for (const [name, value] of Object.entries(section)) {
    const path = `hosts[${JSON.stringify(name)}]`;
    // A name with a colon would read as a tag, a group or an IPv6 address where it is used.
    if (name === '' || /[@:*\s/]/.test(name))
      faults.add(path, `${path}: host names cannot contain "@", ":", "*", "/" or blanks`);
    const text = readString(value, path, faults);
    const prefix = parsePrefix(text);
    if (prefix === undefined) faults.add(path, `${path}: ${JSON.stringify(text)}: invalid address`);
    else if (hasHostBits(prefix)) faults.add(path, `${path}: ${JSON.stringify(text)} has bits set after the prefix`);
    else hosts.set(name, prefix);
  }
  return hosts;
}
