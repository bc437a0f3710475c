import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { loadConfig } from '../../lab/api/config.ts';
import { ensureTenant } from '../../lab/api/tenants.ts';
import { labDown, labReload, labUp } from '../../lab/control.ts';
import { installLanguageHost, installPlugins, officialNames } from '../../lab/plugins/install.ts';
import { planNow } from '../plan-now.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import { engine } from '../engine.ts';
import { CliError, EXIT } from '../exit.ts';
import { labDirectory, TREE } from '../paths.ts';
import type { Progress } from '../progress.ts';
import { meshConfig } from '../mesh-config.ts';
import { readStackFile, type StackFile } from '../stack-file.ts';
import { labEnvironment, labPaths } from './environment.ts';
import { existingHosts, namedAccounts } from './existing.ts';
import { obtainForMachines, wantMachines } from './machines.ts';
import { labOverlay } from './overlay.ts';
import { resetLab } from './reset.ts';
import { labSites } from './sites.ts';
import { syncStack } from './stack.ts';
import { holdTry, inTurn } from './turns.ts';
import { unlockStack } from './unlock.ts';

export interface PreparedLab {
  labDir: string;
  cli: string;
  env: NodeJS.ProcessEnv;
  file: StackFile;
  plan: MeshPlan;
  /** true when this call started the lab: whoever is interrupted stops what he started. */
  started: boolean;
}

export interface PrepareOptions {
  /** Default: that of this checkout. */
  labDir?: string;
  /** Default: the tracked one of the stack. */
  file?: StackFile;
  /** Forget first what the lab built before; faults stay as they are set. */
  fresh?: boolean;
  /** A lab of machines, where there is none yet. */
  machines?: boolean;
  /** Be the only one that works on this lab until the process ends, and take off locks of engines that were killed. */
  exclusive?: boolean;
  /** Called between steps; throws when the user wants to stop. */
  check?: () => void;
}

/**
 * Everything that an engine run against the lab needs, from nothing: config checked first (a fault creates nothing),
 * then the engine, the lab, its plugins, its stack. Safe to repeat and to run twice at once. A lab that this call
 * started and could not prepare does not stay.
 */
export async function prepareLab(
  stack: string,
  progress: Progress,
  options: PrepareOptions = {},
): Promise<PreparedLab> {
  const { file = readStackFile(stack), labDir = labDirectory() } = options;
  const plan = planNow(meshConfig(file), stack);
  const found = await engine(progress);
  try {
    if (options.exclusive === true) holdTry(labDir);
    return await inTurn(labDir, progress, () =>
      prepareDirectory({ labDir, file, plan, found: found.cli }, progress, options),
    );
  } catch (error) {
    if (error instanceof CliError || !(error instanceof Error)) throw error;
    throw new CliError(EXIT.lab, error.message, { cause: error });
  }
}

async function prepareDirectory(
  { labDir, file, plan, found }: { labDir: string; file: StackFile; plan: MeshPlan; found: string },
  progress: Progress,
  { fresh = false, exclusive = false, machines = false, check = () => undefined }: PrepareOptions,
): Promise<PreparedLab> {
  const { stack } = file;
  const paths = labPaths(labDir, stack);
  await mkdir(paths.backend, { recursive: true });
  if (!existsSync(paths.passphrase))
    await writeFile(paths.passphrase, randomBytes(24).toString('hex'), { mode: 0o600, flag: 'wx' }).catch(alreadyThere);
  const official = officialNames();
  installLanguageHost(paths.bin, found, TREE, official);
  installPlugins(paths.pulumiHome, TREE, official);
  if (machines) await wantMachines(labDir);
  const packages = (await loadConfig(labDir)).compute === 'machines' ? await obtainForMachines(progress) : undefined;
  const { tenant } = await ensureTenant(labDir, stack, plan.tailnet.name, {
    accounts: namedAccounts(file.config).map(({ account }) => account),
    existing: existingHosts(file.config),
    sites: labSites(file.config),
  });
  check();
  const { started, config } = await labUp(labDir, { onProgress: progress });
  try {
    check();
    const env = labEnvironment(labDir, stack);
    // Not before it runs: only a lab that runs can tell which faults to keep.
    if (fresh) await resetLab(labDir, { keepFaults: true });
    // Also when nothing was added just now: whoever added it may have been killed before he said so.
    await labReload(labDir);
    await syncStack(labDir, file, labOverlay(config, tenant, file.config, packages));
    check();
    if (exclusive) await unlockStack(labDir, stack, { cli: paths.cli, env, progress });
    return { labDir, cli: paths.cli, env, file, plan, started };
  } catch (error) {
    if (started) await labDown(labDir);
    throw error;
  }
}

function alreadyThere(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}
