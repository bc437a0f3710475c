import type { ServerChannel } from 'ssh2';
import { existingId, machineAt, type ExistingMachine } from '../existing/machines.ts';
import { parseIpv4 } from '../api/ip.ts';
import { listenJump, type Forwarder, type Refused } from '../sshd/jump.ts';
import type { Faults } from '../types.ts';
import type { Net, World } from './types.ts';

export interface MachineJump {
  port: number;
  jump: { hostKeyPrivate: string; authorizedPublicKey: string; user: string };
  net: Pick<Net, 'connect'>;
  world: () => World;
  existing: () => readonly ExistingMachine[];
  faults: Faults;
}

/** sshd's words for why a forward did not come about. */
const WORDS: Record<string, string> = {
  ECONNREFUSED: 'Connection refused',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
};

/** The jump host before real machines: what it forwards goes into the lab's internet, from an address there. */
export async function startMachineJump(options: MachineJump): Promise<{ port: number; close(): Promise<void> }> {
  const { net, faults } = options;
  const open = new Set<ServerChannel>();
  const forward: Forwarder = async ({ destIP, destPort }, accept): Promise<Refused | undefined> => {
    const found = target(options, destIP, destPort);
    if (found === undefined) return { reason: 'failed', words: 'Name or service not known' };
    if (found.name !== undefined && faults.hits('no-answer', found.name)) {
      const silent = accept();
      silent.resume();
      keep(open, silent);
      return undefined;
    }
    try {
      const socket = await net.connect(found.address, found.port);
      const channel = accept();
      keep(open, channel);
      // Whichever side goes away takes the other along; errors on either are its end.
      socket.on('error', () => channel.destroy());
      channel.on('error', () => socket.destroy());
      channel.once('close', () => socket.destroy());
      socket.pipe(channel).pipe(socket);
      return undefined;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      return { reason: 'failed', words: WORDS[code] ?? 'Connection timed out' };
    }
  };
  const jump = await listenJump({ port: options.port, ...options.jump }, forward);
  return {
    port: jump.port,
    close: async () => {
      for (const channel of open) channel.destroy();
      await jump.close();
    },
  };
}

function keep(open: Set<ServerChannel>, channel: ServerChannel): void {
  open.add(channel);
  channel.once('close', () => open.delete(channel));
}

/** Existing machines go by the address that their stack names, which may be a DNS name; all else is an address of the lab's internet. */
function target(
  { existing, world }: MachineJump,
  address: string,
  port: number,
): { name?: string; address: string; port: number } | undefined {
  const known = machineAt(existing(), address, port);
  const { machines } = world();
  if (known !== undefined) {
    const machine = machines.find(({ id }) => id === existingId(known));
    if (machine?.wan !== undefined) return { name: known.name, address: machine.wan.address, port };
  }
  if (parseIpv4(address) === undefined) return undefined;
  const name = machines.find(({ wan }) => wan?.address === address || wan?.also.includes(address))?.name;
  return { ...(name !== undefined && { name }), address, port };
}
