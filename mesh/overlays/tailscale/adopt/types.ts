import type { Place } from '../../../access/types.ts';

/** What the stack has already: it is reused, and never said twice. */
export interface Around {
  groups: Readonly<Record<string, readonly string[]>>;
  services: Readonly<Record<string, { on: readonly string[]; ports: readonly string[] }>>;
  /** Intents as they are written; only those with `to` and no end can be the same as an adopted one. */
  access: readonly { from: readonly string[]; to?: string | undefined; until?: string | undefined }[];
  /** Names of tools. */
  tools: readonly string[];
  places: readonly Place[];
  sites: readonly { name: string; cidr: string; cidr6?: string | undefined }[];
}

/** One part of a policy that intents do not say, and what to do about it. */
export interface Leftover {
  /** `acls[0].src[1]`, as the text has it. */
  path: string;
  /** 1-based, where it is known. */
  line?: number;
  what: string;
  why: string;
  todo: string;
}

export interface AdoptedIntent {
  from: string[];
  /** Either a service, */
  to?: string;
  /** or logins by Tailscale SSH. */
  ssh?: { on: string[]; users: string[]; check?: string };
  why: string;
}

/** A policy as sections of a stack file, and the rest. */
export interface Adoption {
  groups: Record<string, string[]>;
  services: Record<string, { on: string[]; ports: string[] }>;
  access: AdoptedIntent[];
  /** What has to be done or decided by a person. */
  leftovers: Leftover[];
  /** What the program writes itself from then on: no work, but to be known. */
  covered: string[];
}

/** Collected while rules are gone through. */
export interface Draft extends Adoption {
  around: Around;
}
