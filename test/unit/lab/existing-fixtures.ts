import { newKeyPair } from '../../../lab/api/key-pair.ts';
import type { ExistingMachine, LabExistingHost } from '../../../lab/existing/machines.ts';

export const machineKey = newKeyPair('gra-edge-01');

/** An existing host as a stack file has it. */
export const existingHost = (part: Partial<LabExistingHost> = {}): LabExistingHost => ({
  name: 'gra-edge-01',
  address: '198.51.100.10',
  port: 2222,
  user: 'debian',
  lan: '10.77.40.2',
  ...part,
});

/** The same as the lab keeps it. */
export const machine = (part: Partial<ExistingMachine> = {}): ExistingMachine => ({
  ...existingHost(),
  hostKey: machineKey,
  ...part,
});
