import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { declare, type LabExistingHost } from '../existing/machines.ts';
import {
  configPath,
  loadConfig,
  newAccount,
  newTenant,
  type LabConfig,
  type LabSite,
  type LabTailnet,
  type LabTenant,
} from './config.ts';
import { LabBusyError, acquireWriterLock } from './writer-lock.ts';

/** The lock is held for one read and one write of a small file. */
const LOCK_TRIES = 500;

/** What a stack needs of the lab beside its default accounts. */
interface Demands {
  /** Names that its sites give as `account`. */
  accounts?: readonly string[];
  existing?: readonly LabExistingHost[];
  sites?: readonly LabSite[];
  /** Tags of an OAuth client of its own; where a stack shares a tailnet that another one owns. */
  oauthTags?: readonly string[];
}

/**
 * The accounts of one stack and its existing hosts, made when they are not there: a Hetzner project of its own, one more for
 * each further account, and the tailnet that the stack names. Stacks that name the same tailnet share it, credentials
 * included, but for an OAuth client with tags of its own. What a stack does not name any more stays: it has to be able to take down what it
 * built there. Two callers at once end up with the same accounts and keys.
 * `added` tells that a running daemon does not know all of it yet.
 */
export async function ensureTenant(
  dir: string,
  name: string,
  tailnet: string,
  demands: Demands = {},
): Promise<{ tenant: LabTenant; added: boolean }> {
  await loadConfig(dir);
  const release = await lock(`${configPath(dir)}.lock`);
  try {
    // Read again: another stack's accounts may have joined meanwhile.
    const config = await loadConfig(dir);
    const tenant = tenantOf(config, name, tailnet, demands);
    const known = config.tenants.some((one) => one.name === name);
    const wanted = {
      ...config,
      tenants: known ? config.tenants.map((one) => (one.name === name ? tenant : one)) : [...config.tenants, tenant],
      tailnets: [...new Set([...config.tailnets, tenant.tailscale])],
      existing: declare(config.existing, demands.existing ?? []),
    };
    const added = !isDeepStrictEqual(wanted, config);
    if (added) replaceConfig(dir, wanted);
    return { tenant, added };
  } finally {
    release();
  }
}

function tenantOf(config: LabConfig, name: string, tailnet: string, demands: Demands): LabTenant {
  const fresh = newTenant(name, tailnet);
  const known = config.tenants.find((tenant) => tenant.name === name) ?? fresh;
  const missing = (demands.accounts ?? []).filter((account) => !Object.hasOwn(known.accounts, account));
  return {
    ...known,
    tailscale: clientOf(config, fresh.tailscale, demands.oauthTags),
    accounts: { ...known.accounts, ...Object.fromEntries(missing.map((account) => [account, newAccount()])) },
    sites: demands.sites === undefined ? known.sites : [...demands.sites],
  };
}

/** The client that carries these tags in the tailnet that `fresh` names, or else a new one; all of a tailnet have one API key. */
function clientOf({ tailnets }: LabConfig, fresh: LabTailnet, tags: readonly string[] | undefined): LabTailnet {
  const here = tailnets.filter(({ tailnet }) => tailnet === fresh.tailnet);
  const [first] = here;
  const known = here.find(({ oauthTags }) => isDeepStrictEqual(oauthTags, tags));
  return known ?? { ...fresh, ...(first && { apiKey: first.apiKey }), ...(tags && { oauthTags: [...tags] }) };
}

async function lock(path: string): Promise<() => void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return acquireWriterLock(path);
    } catch (error) {
      if (!(error instanceof LabBusyError) || attempt >= LOCK_TRIES) throw error;
      await sleep(10);
    }
  }
}

function replaceConfig(dir: string, config: LabConfig): void {
  const draft = `${configPath(dir)}.${process.pid}.tenants`;
  writeFileSync(draft, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, configPath(dir));
}
