import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFaultName } from '../../lab/api/faults.ts';
import { labReset, labStatus, setFault } from '../../lab/control.ts';

/**
 * Forgets all that a lab built: clouds, hosts and the engine's record of them, together, since either without the other
 * is a lie. Keys, addresses and tokens stay. Faults stay only when asked: then the next run fails from the start.
 */
export async function resetLab(labDir: string, options: { keepFaults: boolean }): Promise<void> {
  const status = await labStatus(labDir);
  const faults = status.running ? status.faults : [];
  await labReset(labDir);
  await rm(join(labDir, 'state'), { recursive: true, force: true });
  if (!options.keepFaults) return;
  for (const { fault, target } of faults) if (isFaultName(fault)) await setFault(labDir, fault, target);
}
