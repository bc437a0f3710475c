import ipaddr from 'ipaddr.js';
import { parseTree, type Node } from 'jsonc-parser';
import { z } from 'zod';
import { Refusal } from './answer.ts';

/** Largest stdin that a host takes, in bytes. */
export const STDIN_LIMIT = 4 * 1024 * 1024;

const wellFormed = z.string().refine((text) => text.isWellFormed(), 'has no UTF-8 form');

/** Absolute and already normal: no empty, `.` or `..` segment. */
const PATH = /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._@:+-]+)+$/;
/** The host's own, and what is not on a disk. */
const RESERVED = ['/var/lib/site-mesh/', '/usr/local/lib/site-mesh/', '/proc/', '/sys/', '/dev/', '/run/', '/tmp/'];
const path = z
  .string()
  .regex(PATH, 'not a normal absolute ASCII path')
  .refine((text) => !RESERVED.some((prefix) => text.startsWith(prefix)), 'not a path that a release may place');

const mode = z
  .string()
  .regex(/^0[0-7]{3}$/, 'not an octal mode like 0644')
  .refine((text) => (Number.parseInt(text, 8) & 0o002) === 0, 'writable by others');

const UNIT = /^[A-Za-z0-9:_.@-]+\.(service|timer|socket|path|mount|target)$/;
const release = z
  .strictObject({
    files: z.record(path, z.strictObject({ content: wellFormed, mode })),
    units: z.record(
      z.string().regex(UNIT, 'not a unit name'),
      z.strictObject({ enabled: z.boolean(), onChange: z.enum(['restart', 'reload']), watches: z.array(path) }),
    ),
    packages: z.record(
      z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'not a package name'),
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+:~-]*$/, 'not an exact version'),
    ),
  })
  .refine(
    ({ files, units }) => Object.values(units).every((unit) => unit.watches.every((watched) => watched in files)),
    'a unit watches what is no file of this release',
  );

/** A prefix with host bits is a slip of somebody's pen, and every reader takes it for another prefix. */
function withoutHostBits(prefix: string): boolean {
  if (!ipaddr.isValidCIDR(prefix)) return false;
  const network = prefix.includes(':')
    ? ipaddr.IPv6.networkAddressFromCIDR(prefix)
    : ipaddr.IPv4.networkAddressFromCIDR(prefix);
  return network.toNormalizedString() === ipaddr.parseCIDR(prefix)[0].toNormalizedString();
}

const stageRequest = z.strictObject({
  release,
  credentials: z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'not a credential name'), wellFormed),
  lan: z.ipv4(),
  lanPrefix: z.cidrv4().refine(withoutHostBits, 'has host bits'),
  lan6: z
    .ipv6()
    .refine(
      (text) => ipaddr.IPv6.isValid(text) && ipaddr.IPv6.parse(text).toRFC5952String() === text,
      'not in its shortest form',
    )
    .optional(),
  retireBootstrapKey: z.boolean(),
  existing: z
    .strictObject({
      accepts: z.array(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'not the name of a program')),
      tailnet: z.string().nullable(),
      loginServer: z.string().optional(),
    })
    .optional(),
});

const joinRequest = z.strictObject({
  authKey: z.string().max(1024).trim(),
  loginServer: z
    .string()
    .regex(/^https?:\/\/[^\s,]+$/, 'not an http or https address')
    .nullable(),
  hostname: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'not a host name'),
  tags: z.array(z.string().regex(/^tag:[A-Za-z][A-Za-z0-9-]*$/, 'not a tag')),
  advertiseRoutes: z.array(z.union([z.cidrv4(), z.cidrv6()]).refine(withoutHostBits, 'has host bits')),
  acceptRoutes: z.boolean(),
  snat: z.boolean(),
  ssh: z.boolean(),
  tailnet: z.string().nullable(),
});

export type StageRequest = z.infer<typeof stageRequest>;
export type JoinRequest = z.infer<typeof joinRequest>;

/** A key that stands twice is read differently by two readers, and so has two hashes. */
function repeatsKey(node: Node | undefined): boolean {
  const children = node?.children ?? [];
  const keys = node?.type === 'object' ? children.map((member) => String(member.children?.[0]?.value)) : [];
  return new Set(keys).size !== keys.length || children.some(repeatsKey);
}

/** Faults name the path only: the values may be secret. */
function read<T>(schema: z.ZodType<T>, what: string, stdin: Buffer): T {
  let raw: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(stdin);
    raw = JSON.parse(text);
    if (repeatsKey(parseTree(text))) throw new Error('a key stands twice');
  } catch {
    throw new Refusal('usage', `${what} is not valid JSON in UTF-8, with every key once`);
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the request'}: ${issue.message}`);
  throw new Refusal('usage', `${what}: ${faults.join('; ')}`);
}

export const readStageRequest = (stdin: Buffer): StageRequest => read(stageRequest, 'StageRequest', stdin);
export const readJoinRequest = (stdin: Buffer): JoinRequest => read(joinRequest, 'JoinRequest', stdin);
