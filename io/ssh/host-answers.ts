import { z } from 'zod';
import type { Preflight } from '../../mesh/host/preflight.ts';

/** The JSON answers of docs/host-protocol.md. Fields that we do not know are ignored: a newer tool may say more. */

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const check = z.object({
  name: z.string(),
  result: z.enum(['ok', 'failed', 'skipped']),
  detail: z.string().default(''),
});
const device = z.object({ name: z.string(), address: z.string().nullable() }).nullable();
const peer = z.object({
  name: z.string(),
  nodeId: z.string(),
  addresses: z.array(z.string()),
  tags: z.array(z.string()),
  online: z.boolean(),
  /** Something was sent to it in the last minutes. */
  active: z.boolean(),
  /** Where its packets come from now; empty: not directly. */
  curAddr: z.string(),
  /** Its home relay; carries what is sent while there is no better path. */
  relay: z.string(),
  peerRelay: z.string(),
  /** Prefixes that the control plane lets it carry. */
  primaryRoutes: z.array(z.string()),
  /** RFC 3339; null: never. */
  lastHandshake: z.string().nullable(),
  rx: z.number(),
  tx: z.number(),
  keyExpiry: z.string().nullable(),
});
const keyLine = z.string().nullable();

export const answers = {
  install: z.object({ installed: z.string() }),
  facts: z.object({
    hostname: z.string(),
    os: z.object({ id: z.string(), version: z.string() }),
    kernel: z.string(),
    python: z.string(),
    bootId: z.string(),
    firstBoot: z.enum(['done', 'running', 'none']),
    interfaces: z.object({ public: device, lan: device }),
    hostKeys: z.object({ ed25519: keyLine, ecdsa: keyLine }),
  }),
  preflight: z.object({
    first: z.boolean(),
    files: z.array(
      z.object({
        path: z.string(),
        change: z.enum(['create', 'replace', 'none', 'blocked']),
        present: z.object({ kind: z.string(), owner: z.string(), mode: z.string(), sha256: z.string() }).nullable(),
        package: z.string().nullable(),
      }),
    ),
    packages: z.array(
      z.object({
        name: z.string(),
        wanted: z.string(),
        present: z.string().nullable(),
        held: z.boolean(),
        change: z.enum(['install', 'upgrade', 'downgrade', 'hold', 'none']),
      }),
    ),
    units: z.array(
      z.object({ name: z.string(), enabled: z.string(), active: z.string(), change: z.array(z.string()) }),
    ),
    sysctls: z.array(z.object({ key: z.string(), present: z.string().nullable(), wanted: z.string() })),
    ssh: z.object({
      hostKeys: z.object({ present: z.array(z.string()), made: z.array(z.string()) }),
      allowed: z.array(z.string()).nullable(),
      losing: z.array(z.object({ name: z.string(), keys: z.number(), password: z.boolean(), sessions: z.number() })),
    }),
    ours: z.object({ tables: z.array(z.string()), rules: z.array(z.string()) }),
    findings: z.array(
      z.object({
        what: z.string(),
        severity: z.enum(['refuse', 'warn']),
        acceptable: z.boolean(),
        accepted: z.boolean(),
        detail: z.string(),
        choice: z.string(),
      }),
    ),
  }) satisfies z.ZodType<Preflight>,
  stage: z.object({ hash, checks: z.array(check), changed: z.array(z.string()) }),
  activate: z.object({
    active: hash,
    previous: hash.nullable(),
    revertInSeconds: z.number(),
    restarted: z.array(z.string()),
  }),
  confirm: z.object({ confirmed: hash, checks: z.array(check).default([]), hostKey: z.string() }),
  status: z.object({
    active: hash.nullable(),
    confirmed: hash.nullable(),
    pendingRevert: z.boolean(),
    live: hash.nullable(),
    drift: z.array(z.string()),
    hostKey: keyLine,
    /** First 16 hex digits of the tool that activated last. */
    tool: z.string().nullable().default(null),
  }),
  restore: z.object({ restored: z.array(z.string()), kept: z.array(z.string()).default([]) }),
  nodeJoin: z.object({
    nodeId: z.string().min(1),
    name: z.string(),
    addresses: z.array(z.string()),
    tags: z.array(z.string()),
    adopted: z.boolean(),
    retired: z.array(z.string()).default([]),
  }),
  nodeStatus: z.object({
    state: z.string(),
    nodeId: z.string().nullable(),
    name: z.string().nullable(),
    tailnet: z.string().nullable(),
    addresses: z.array(z.string()).nullable(),
    tags: z.array(z.string()).nullable(),
    online: z.boolean().nullable(),
  }),
  nodeLeave: z.object({ left: z.boolean() }),
  nodePeers: z.object({
    state: z.string(),
    online: z.boolean().nullable(),
    version: z.string().nullable(),
    peers: z.array(peer),
  }),
  routes: z.object({ advertised: z.array(z.string()), drained: z.boolean() }),
  routeStatus: z.object({ wanted: z.array(z.string()), advertised: z.array(z.string()), drained: z.boolean() }),
  agent: z.object({ holds: z.boolean().nullable().default(null), vip: z.string().nullable().default(null) }),
  pathMtu: z.object({
    address: z.string(),
    route: z.object({
      device: z.string(),
      mtu: z.number(),
      learnt: z.number().nullable(),
      gateway: z.string().nullable(),
      source: z.string().nullable(),
    }),
    largest: z.number().nullable(),
    complete: z.boolean(),
    told: z.boolean(),
    blackHole: z.boolean(),
    tried: z.array(
      z.object({
        size: z.number(),
        result: z.enum(['passed', 'told', 'refused', 'silence']),
        mtu: z.number().nullable(),
        from: z.string().nullable(),
      }),
    ),
    mss: z.number(),
    clamp: z.object({ loaded: z.boolean(), mss: z.number().nullable() }),
  }),
  failure: z.object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      checks: z.array(check).optional(),
      command: z.unknown().optional(),
      stderr: z.string().optional(),
    }),
  }),
} as const;

export type Facts = z.infer<typeof answers.facts>;
export type RestoreAnswer = z.infer<typeof answers.restore>;
export type StageAnswer = z.infer<typeof answers.stage>;
export type ActivateAnswer = z.infer<typeof answers.activate>;
export type ConfirmAnswer = z.infer<typeof answers.confirm>;
export type StatusAnswer = z.infer<typeof answers.status>;
export type JoinAnswer = z.infer<typeof answers.nodeJoin>;
export type NodeStatus = z.infer<typeof answers.nodeStatus>;
export type RouteAnswer = z.infer<typeof answers.routes>;
export type RouteStatus = z.infer<typeof answers.routeStatus>;
export type Peer = z.infer<typeof peer>;
export type PeersAnswer = z.infer<typeof answers.nodePeers>;
export type AgentStatus = z.infer<typeof answers.agent>;
export type PathMtu = z.infer<typeof answers.pathMtu>;
