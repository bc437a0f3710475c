import type { Range } from './ranges.ts';

/** What a policy says, read: names resolved, ports in the form of access ports, no letter of the text left to interpret. */
export interface Policy {
  /** `group:sre` → logins. */
  groups: ReadonlyMap<string, readonly string[]>;
  /** `tag:db` → who may give it, as written. An empty list: admins only. */
  tagOwners: ReadonlyMap<string, readonly string[]>;
  /** Alias → what it stands for. */
  hosts: ReadonlyMap<string, readonly Range[]>;
  /** Network rules; undefined where the text has neither `acls` nor `grants`: then the service lets everybody reach everything. */
  rules: readonly Rule[] | undefined;
  ssh: readonly SshRule[];
  tests: readonly PolicyTest[];
  /** Prefix, or `exitNode` → who may advertise it without approval, as written. */
  approvers: ReadonlyMap<string, readonly string[]>;
}

interface AnyRule {
  /** `grants[3]`, `acls[0]`, `ssh[1]`. */
  path: string;
  /** 1-based line on which it begins. */
  line: number;
  /** The comment above it, or on its line; empty where there is none. */
  why: string;
  src: readonly Selector[];
  dst: readonly Selector[];
  /** What must hold besides, which is not judged here. */
  conditions: readonly Condition[];
}

/** Who may open connections to what. An entry of `acls` with several sets of ports is one rule for each. */
export interface Rule extends AnyRule {
  /** As written: `tcp:443`, `*`. */
  ip: readonly string[];
  /** The same as access ports: `tcp/443`, `udp/*`, `icmp/*`, `gre/*`, `99/*`. */
  ports: readonly string[];
}

/** Who may use Tailscale SSH, as which users. */
export interface SshRule extends AnyRule {
  action: 'accept' | 'check';
  /** `root`, `ops`, `autogroup:nonroot`, `localpart:*@example.com`. */
  users: readonly string[];
  /** As written: `12h`, `always`; absent where it is the service's own (12 hours) or nothing is checked. */
  checkPeriod?: string;
}

/** Something that must hold for a rule to permit anything, and that nobody here can know. */
export interface Condition {
  /** For people: `only devices with posture latestMac`. */
  text: string;
  /** Equal keys are equal conditions; a posture's contains what it asserts. */
  key: string;
}

/** One name on a side of a rule; `text` is as written. */
export type Selector = { text: string } & (
  | { kind: 'any' }
  | { kind: 'user'; login: string }
  /** `user:*@example.com`. */
  | { kind: 'domain'; domain: string }
  | { kind: 'group'; members: readonly string[] }
  | { kind: 'tag'; tag: string }
  /** Without `autogroup:`. */
  | { kind: 'autogroup'; name: string }
  /** An address, a prefix, a range, an alias, an ipset. */
  | { kind: 'addresses'; ranges: readonly Range[] }
  /** `svc:web`: a service's own address, which nobody here knows. */
  | { kind: 'service' }
);

/** A test of the policy itself; `user` and `allow` of old texts are `src` and `accept`. */
export interface PolicyTest {
  path: string;
  src: string;
  /** As written; absent: tcp or udp. */
  proto?: string;
  accept: readonly string[];
  deny: readonly string[];
}
