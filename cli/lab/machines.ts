import { existsSync, writeFileSync } from 'node:fs';
import { obtainDaemons } from '../../engine/daemons/index.ts';
import { EngineError } from '../../engine/index.ts';
import { configPath, loadConfig, readConfig } from '../../lab/api/config.ts';
import { openStore } from '../../lab/api/store.ts';
import { labStatus } from '../../lab/control.ts';
import { obtainBase } from '../../lab/machines/image/base.ts';
import { obtainRepository } from '../../lab/machines/image/packages.ts';
import { lackingForMachines } from '../../lab/machines/machine/needs.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Progress } from '../progress.ts';

const DEFAULT_IMAGE = 'debian-12';

/**
 * All that machines are made of, in the user's cache: a base image, the daemons, the signed packages. The first time takes
 * minutes, later ones a moment.
 * @returns the fingerprint of the key that signed the packages
 */
export async function obtainForMachines(progress: Progress): Promise<{ fingerprint: string }> {
  mustHaveAll();
  try {
    await obtainDaemons({ onProgress: ({ message, seconds }) => progress(`${message} (${seconds} s)`) });
    await obtainBase(DEFAULT_IMAGE, { onProgress: progress });
    return { fingerprint: (await obtainRepository({ onProgress: progress })).fingerprint };
  } catch (error) {
    if (error instanceof EngineError) throw new CliError(EXIT.engine, error.message, { cause: error });
    throw error instanceof Error ? new CliError(EXIT.lab, error.message, { cause: error }) : error;
  }
}

function mustHaveAll(): void {
  const lacking = lackingForMachines();
  if (lacking.length > 0)
    throw new CliError(
      EXIT.lab,
      `machines need ${lacking.join(', ')}; without them there is the lab of records: mesh lab up`,
    );
}

/** What is on record once hosts were built as records: they cannot become machines that know what was done to them. */
function builtAsRecords(dir: string): boolean {
  const store = openStore(dir);
  try {
    const servers = store.collection<{ serverId: string }>('hosts').all();
    return (
      servers.some(({ serverId }) => !serverId.startsWith('existing-')) ||
      store.collection('tailnet-devices').all().length > 0
    );
  } finally {
    store.close();
  }
}

/** Makes the lab of a directory one of machines: a new one, or one of records that holds nothing. */
export async function wantMachines(dir: string): Promise<void> {
  // Before anything is written: a lab that can never run would stand in the way of the one of records.
  if (readConfig(dir)?.compute !== 'machines') mustHaveAll();
  if (!existsSync(configPath(dir))) {
    await loadConfig(dir, 'machines');
    return;
  }
  const config = readConfig(dir);
  if (config === undefined || config.compute === 'machines') return;
  const refuse = (why: string): CliError =>
    new CliError(
      EXIT.lab,
      `the lab in ${dir} ${why}. Another lab beside it: MESH_LAB_DIR=DIRECTORY mesh lab up --machines`,
    );
  if ((await labStatus(dir)).running) throw refuse('runs, with hosts that are records; mesh lab down stops it');
  if (builtAsRecords(dir)) throw refuse('holds hosts that were built as records; mesh lab reset forgets them');
  writeFileSync(configPath(dir), `${JSON.stringify({ ...config, compute: 'machines' }, undefined, 2)}\n`, {
    mode: 0o600,
  });
}
