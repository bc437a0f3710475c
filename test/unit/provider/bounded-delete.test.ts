import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import ssh2 from 'ssh2';
import { afterEach, describe, expect, test } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import { hostRelease } from '../../../provider/host-release.ts';
import { sshHosts } from '../../../provider/hosts.ts';
import { tailnetNode } from '../../../provider/tailnet-node.ts';
import { readTool } from '../../../provider/tool-source.ts';
import { ed25519, mute, smallSshd } from '../io/small-sshd.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { operation } from './fakes.ts';

const keys = { host: ed25519(), user: ed25519() };
/** All that a delete may take, seconds. */
const BOUND = 1;

interface Silent {
  port: number;
  close: () => Promise<void>;
}

/** Hosts that accept TCP and stop talking, each at another point. */
const SILENT: [name: string, open: () => Promise<Silent>][] = [
  ['says nothing at all', mute],
  ['says that it speaks SSH, and nothing more', () => listen((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n'))],
  ['never answers the login', unauthenticated],
  [
    'takes the line and never answers it',
    () => smallSshd({ hostKeys: [keys.host], authorized: { line: keys.user.public }, reply: () => 'hang' }),
  ],
];

const opened: Silent[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function listen(greet: (socket: Socket) => void): Promise<Silent> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

async function unauthenticated(): Promise<Silent> {
  const server = new ssh2.Server({ hostKeys: [keys.host.private] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

const connection = (port: number): Inputs => ({
  host: '127.0.0.1',
  port,
  user: 'ops',
  privateKey: keys.user.private,
  hostKey: keys.host.public,
});
const hosts = sshHosts(readTool);
const bounded = () => ({ ...operation(), timeout: BOUND });

describe.each(SILENT)('a host that %s', (_, open) => {
  test('is left as it is after a time that is known beforehand, with the way to restore it by hand', async () => {
    const silent = await open();
    opened.push(silent);
    const inputs: Inputs = {
      serverId: 'existing:gra-edge-01',
      host: 'gra-edge-01',
      connection: connection(silent.port),
      lan: '10.77.40.2',
      lanPrefix: '10.77.40.0/24',
      files: {},
      units: {},
      packages: {},
      provisioned: false,
    };
    const op = bounded();
    await hostRelease.delete(op, 'id', inputs, inputs, { hosts, tailnet: { state: 'none' } });
    const [log, ...more] = op.logs;
    expect(more).toEqual([]);
    expect(log?.severity).toBe('warning');
    expect(log?.message).toContain('was not restored within 1 s');
    expect(log?.message).toContain('mesh-host apply restore');
  });

  test('does not keep its device in the tailnet', async () => {
    const silent = await open();
    opened.push(silent);
    const tailnet = new FakeTailnet();
    const inputs: Inputs = {
      serverId: 'existing:gra-edge-01',
      connection: connection(silent.port),
      hostname: 'gra-edge-01',
      tags: ['tag:router'],
      advertiseRoutes: [],
      acceptRoutes: true,
      snat: true,
    };
    tailnet.devices.set('n1', { nodeId: 'n1', name: 'gra-edge-01', hostname: 'gra-edge-01', addresses: [], tags: [] });
    const op = bounded();
    const client = {
      hosts,
      tailnet: { state: 'known', api: tailnet.api, name: 'acme-staging', home: 'acme-staging' },
    } as const;
    await tailnetNode.delete(op, 'n1', inputs, inputs, client);
    expect(tailnet.devices.size).toBe(0);
    expect(op.logs.map(({ severity }) => severity)).toEqual(['warning']);
  });
});
