import type { Compute, ServerView } from '../types.ts';
import { existingId, machineAt, sameAddress, type ExistingMachine } from './machines.ts';

/** Of the clouds' servers: none listens anywhere else. */
const CLOUD_SSH_PORT = 22;

/** They ran before the lab's clock began. */
const LONG_AGO = 0;

/**
 * The clouds' servers, and beside them machines that no cloud sold: always on, booted long ago, with an SSH server, a host
 * key and an account of their own.
 * @param deployKey OpenSSH line of the key that their owner let in
 */
export function withExisting(clouds: Compute, machines: readonly ExistingMachine[], deployKey: string): Compute {
  const view = ({ name, address, port, user, lan, hostKey }: ExistingMachine): ServerView => ({
    id: existingId({ address, port }),
    name,
    publicAddress: address,
    userData: '',
    authorizedKeys: [deployKey],
    running: true,
    bootedAt: LONG_AGO,
    lanAddress: lan,
    existing: { port, user, hostKey: hostKey.privateKey },
  });
  return {
    all: () => [...machines.map(view), ...clouds.all()],
    byPublicAddress: (address, port) => {
      const machine = machineAt(machines, address, port);
      if (machine !== undefined) return view(machine);
      return port === CLOUD_SSH_PORT ? clouds.byPublicAddress(address, port) : undefined;
    },
  };
}

/** Addresses that a cloud gave to a server before a stack named a machine of the same: nobody could tell which one answers. */
export function clashes(clouds: Compute, machines: readonly ExistingMachine[]): string[] {
  return clouds.all().flatMap((server) => {
    const machine = machines.find(({ address }) => sameAddress(address, server.publicAddress));
    if (machine === undefined) return [];
    return [`${machine.address} is the existing host ${machine.name}, and the server ${server.name} of a cloud`];
  });
}
