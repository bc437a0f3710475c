import { newKeyPair, type KeyPair } from '../api/key-pair.ts';

/** A host that a stack did not buy, as its stack file describes it. */
export interface LabExistingHost {
  name: string;
  /** How the jump host reaches it: an address or a DNS name. */
  address: string;
  /** Where its SSH server listens. */
  port: number;
  /** The account that the deploying side logs in to: root, or one that may `sudo -n`. */
  user: string;
  lan: string;
}

/** Such a host as the lab keeps it: with the key that its SSH server had before anybody deployed anything. */
export interface ExistingMachine extends LabExistingHost {
  hostKey: KeyPair;
}

/** Of the machine: where its SSH server is. */
export const existingId = ({ address, port }: Pick<LabExistingHost, 'address' | 'port'>): string =>
  `existing-${address.toLowerCase()}-${port}`;

/** Names of hosts in DNS are the same in either case. */
export const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** The machine whose SSH server answers there: several behind one address have a port each. */
export function machineAt<Machine extends Pick<LabExistingHost, 'address' | 'port'>>(
  machines: readonly Machine[],
  address: string,
  port: number,
): Machine | undefined {
  return machines.find((machine) => machine.port === port && sameAddress(machine.address, address));
}

/**
 * The machines after a stack told of its own. Address and port are the machine: it keeps its key whatever it is called, and
 * two stacks that name it mean the same one. One that is named no more stays, for it does not vanish from the world: a stack
 * that lets go of it still logs in to restore what was there before.
 */
export function declare(known: readonly ExistingMachine[], declared: readonly LabExistingHost[]): ExistingMachine[] {
  const machines = [...known];
  for (const host of declared) {
    const { name, address, port, user, lan } = host;
    const found = machineAt(machines, address, port);
    const machine = { name, address, port, user, lan, hostKey: found?.hostKey ?? newKeyPair(`lab-${name}`) };
    if (found === undefined) machines.push(machine);
    else machines[machines.indexOf(found)] = machine;
  }
  return machines;
}
