import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { cloudAccounts, digitalOceanAccounts } from '../api/accounts.ts';
import type { LabConfig } from '../api/config.ts';
import { digitalOceanMachines } from '../api/digitalocean/machines.ts';
import { hetznerMachines } from '../api/hetzner/machines.ts';
import { existingWorld } from '../existing/world.ts';
import type { Clock, Faults, Store } from '../types.ts';
import type { AliasMoves } from './aliases.ts';
import type { Machine, Published, World } from './types.ts';
import type { Wishes } from './wishes.ts';

/** Prefix of all names that the kernel sees of the lab in this directory. */
export function labName(dir: string): string {
  return `mesh${createHash('sha256').update(realpathSync(dir)).digest('hex').slice(0, 6)}`;
}

export interface WorldParts {
  lab: string;
  store: Store;
  faults: Faults;
  clock: Clock;
  aliases: AliasMoves;
  wishes: Wishes;
  published: readonly Published[];
}

/** The world as the records of all clouds, the stack files and the wishes of people say it, now. */
export function worldOf(config: LabConfig, parts: WorldParts): World {
  const { store, faults, clock, aliases, wishes } = parts;
  const deps = { store, faults, clock };
  const hetzner = hetznerMachines({ ...deps, tenants: cloudAccounts(config.tenants) });
  const digitalocean = digitalOceanMachines({ ...deps, accounts: digitalOceanAccounts(config.tenants) });
  const existing = existingWorld(config);
  const machines = [...hetzner.machines, ...digitalocean.machines, ...existing.machines].map((machine) =>
    placed(config, machine),
  );
  return {
    lab: parts.lab,
    machines: aliases
      .settle(machines, clock())
      .map((machine) => (wishes.isOff(machine.id) ? { ...machine, running: false } : machine)),
    networks: [...hetzner.networks, ...digitalocean.networks, ...existing.networks],
    published: [...parts.published],
    ...wishes.world(),
  };
}

/** A cloud's records do not say which site a server belongs to; the stack file, by its name, does. */
function placed(config: LabConfig, machine: Machine): Machine {
  if (machine.site !== undefined) return machine;
  const [stack] = machine.tenant.split('/', 1);
  const site = config.tenants
    .find(({ name }) => name === stack)
    ?.sites.find(({ hosts }) => hosts.some(({ name }) => name === machine.name));
  return site === undefined ? machine : { ...machine, site: site.name };
}
