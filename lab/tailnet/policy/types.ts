/** A policy after reading: every selector understood, every alias resolved, nothing evaluated yet. */
import type { Prefix } from './address.ts';

export type Selector =
  | { kind: 'any' }
  | { kind: 'user'; login: string }
  | { kind: 'group'; name: string; members: string[] }
  | { kind: 'tag'; tag: string }
  | { kind: 'autogroup'; name: string }
  | { kind: 'prefix'; prefix: Prefix };

/** Ports `first` to `last` of some protocols (IANA numbers). */
export interface Ports {
  protocols: number[];
  first: number;
  last: number;
}

/** One permission. Permissions only add up; there is no deny. */
export interface Rule {
  /** Where it stands: `grants[0]`. */
  where: string;
  src: Selector[];
  dst: { selector: Selector; ports: Ports[] }[];
}

export interface PolicyTest {
  src: string;
  /** IANA number; undefined means TCP, UDP and ICMP together. */
  proto: number | undefined;
  accept: string[];
  deny: string[];
  /** What is wrong with the entry itself; such a test always fails. */
  malformed: string[];
}

export interface SshTest {
  src: string;
  dst: string[];
  accept: string[];
  check: string[];
  deny: string[];
  /** As for other tests. */
  malformed: string[];
}

export interface SshRule {
  action: 'accept' | 'check';
  src: Selector[];
  dst: Selector[];
  users: string[];
}

export interface Policy {
  groups: Map<string, string[]>;
  hosts: Map<string, Prefix>;
  tagOwners: Map<string, Selector[]>;
  autoApprovers: { routes: { prefix: Prefix; approvers: Selector[] }[]; exitNode: Selector[] };
  /** undefined: neither `grants` nor `acls` stands in the text, and then everything is allowed. */
  rules: Rule[] | undefined;
  ssh: SshRule[];
  sshTests: SshTest[];
  tests: PolicyTest[];
}

export interface PolicyFault {
  /** `grants[2].src[0]`; empty for the text as a whole. */
  path: string;
  /** In the service's words where they are known. */
  message: string;
}

/** The service would refuse this text. `faults` has every reason, `message` the first in the service's form. */
export class PolicyError extends Error {
  readonly faults: PolicyFault[];
  constructor(faults: PolicyFault[]) {
    const [first] = faults;
    super(first === undefined ? 'the policy is refused' : first.message);
    this.name = 'PolicyError';
    this.faults = faults;
  }

  /** Every fault on a line, with its path. */
  describe(): string {
    return this.faults
      .map((fault) => (fault.path === '' ? fault.message : `${fault.path}: ${fault.message}`))
      .join('\n');
  }
}
