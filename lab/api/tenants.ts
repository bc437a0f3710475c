import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { configPath, loadConfig, newTenant, readConfig, type LabConfig, type LabTenant } from './config.ts';
import { LabBusyError, acquireWriterLock } from './writer-lock.ts';

/** The lock is held for one read and one write of a small file. */
const LOCK_TRIES = 500;

/**
 * The accounts of one stack, made when they are not there: a Hetzner project of its own and the tailnet that the stack
 * names. Stacks that name the same tailnet share it, credentials included, as they would on the service. Two callers at
 * once end up with the same accounts.
 * `added` tells that a running daemon does not know them yet.
 */
export async function ensureTenant(
  dir: string,
  name: string,
  tailnet: string,
): Promise<{ tenant: LabTenant; added: boolean }> {
  await loadConfig(dir);
  const release = await lock(`${configPath(dir)}.lock`);
  try {
    // Read again: another stack's accounts may have joined meanwhile.
    const config = await loadConfig(dir);
    const known = config.tenants.find((tenant) => tenant.name === name);
    if (known?.tailscale.tailnet === tailnet) return { tenant: known, added: false };
    const shared = config.tenants.find((tenant) => tenant.tailscale.tailnet === tailnet)?.tailscale;
    const fresh = newTenant(name, tailnet);
    const tenant = { ...(known ?? fresh), tailscale: shared ?? fresh.tailscale };
    replaceConfig(dir, { ...config, tenants: [...config.tenants.filter((one) => one.name !== name), tenant] });
    return { tenant: readConfig(dir)?.tenants.find((one) => one.name === name) ?? tenant, added: true };
  } finally {
    release();
  }
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
