import { PolicyUnreadable } from './faults.ts';
import { readGroups, readHosts, readIpsets, readPostures, readTagOwners } from './names.ts';
import { readApprovers, readNodeAttrs, readSsh, readSshTests, readTests } from './other.ts';
import { Enough, Reader } from './reader.ts';
import { readAcls, readGrants } from './rules.ts';
import { PolicyText } from './text.ts';
import type { Policy } from './types.ts';

export interface PolicyReading {
  policy: Policy;
  /** What stands in the text and is not judged; answers that depend on it say so. */
  unjudged: { path: string; why: string }[];
}

const SECTIONS = [
  'grants',
  'acls',
  'groups',
  'hosts',
  'ipsets',
  'tagOwners',
  'autoApprovers',
  'ssh',
  'nodeAttrs',
  'tests',
  'sshTests',
  'postures',
  'defaultSrcPosture',
];

/** Sections that change no permission, and why. */
const BESIDE: Readonly<Record<string, string>> = {
  derpMap: 'relays of one’s own change the way that packets take, not who may send them',
  disableIPv4: 'whether nodes have IPv4 addresses is not looked at: permissions are told for both families',
  OneCGNATRoute: 'how clients route, not what they may reach',
  randomizeClientPort: 'how clients send, not what they may reach',
  attrConfig: 'attributes of postures',
  nodeVisibility: 'which nodes are shown, besides what they may reach',
  extraDNSRecords: 'names, not permissions',
};

/**
 * Reads a tailnet policy as the service does: HuJSON, letter case of section and field names ignored, old forms of `acls` and
 * `tests` included.
 * @param text the whole policy
 * @param options.emptyGroups `taken` for a policy in force, where a group may have lost its last member
 * @throws PolicyUnreadable with every fault (of more than 500 the first): path, line, what is wrong, the way out
 */
export function readPolicy(text: string, options: { emptyGroups?: 'fault' | 'taken' } = {}): PolicyReading {
  const reader = new Reader(new PolicyText(text.replace(/^\uFEFF/, '')));
  try {
    const policy = readSections(reader, options.emptyGroups ?? 'fault');
    if (reader.faults.length === 0) return { policy, unjudged: reader.unjudged };
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
  throw new PolicyUnreadable(reader.faults.toSorted((a, b) => a.line - b.line));
}

function readSections(reader: Reader, emptyGroups: 'fault' | 'taken'): Policy {
  const { found, strange } = reader.fields({ node: reader.text.root, path: '' }, [...SECTIONS, ...Object.keys(BESIDE)]);
  for (const [section, why] of Object.entries(BESIDE)) {
    const spot = found.get(section);
    if (spot !== undefined) reader.skip(spot.path, why);
  }
  for (const { path } of strange) reader.skip(path, 'nothing here knows this section: it may restrict or permit more');

  const groups = readGroups(reader, found.get('groups'), emptyGroups);
  const hosts = readHosts(reader, found.get('hosts'));
  const names = {
    groups,
    hosts,
    ipsets: readIpsets(reader, found.get('ipsets'), hosts),
    tagOwners: readTagOwners(reader, found.get('tagOwners'), groups),
    postures: readPostures(reader, found.get('postures')),
  };
  const defaultPosture = reader.strings(found.get('defaultSrcPosture')).map(({ text: name }) => name);
  const around = { names, defaultPosture };
  const acls = readAcls(reader, found.get('acls'), around);
  const grants = readGrants(reader, found.get('grants'), around);
  const policy: Policy = {
    groups,
    hosts,
    tagOwners: names.tagOwners,
    rules: found.has('acls') || found.has('grants') ? [...acls, ...grants] : undefined,
    ssh: readSsh(reader, found.get('ssh'), around),
    tests: readTests(reader, found.get('tests'), names),
    approvers: readApprovers(reader, found.get('autoApprovers'), names),
  };
  readSshTests(reader, found.get('sshTests'), names);
  readNodeAttrs(reader, found.get('nodeAttrs'), names);
  return policy;
}
