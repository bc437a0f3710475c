import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import type { Tailscale } from '../../../io/tailscale/client.ts';
import type { MeshClient } from '../../../provider/client.ts';
import { hostRelease } from '../../../provider/host-release.ts';
import { sshHosts } from '../../../provider/hosts.ts';
import { textOf } from '../../../provider/schema.ts';
import { tailnetNode } from '../../../provider/tailnet-node.ts';
import { readTool } from '../../../provider/tool-source.ts';
import { bootstrapKey, deployKey, jumpHostKey, jumpKey, startLab } from '../lab/sshd-fixtures.ts';
import type { Lab } from '../lab/sshd-fixtures.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { operation, recorded } from './fakes.ts';

let lab: Lab;
let boot: NodeJS.Timeout;
beforeEach(async () => {
  lab = await startLab();
  // The lab's clock stands still by itself; a first boot takes 300 ms of it.
  boot = setInterval(() => lab.pass(200), 100);
});
afterEach(async () => {
  clearInterval(boot);
  await lab.sshd.close();
});

function connection(hostKey = bootstrapKey.public): Inputs {
  const via = {
    host: '127.0.0.1',
    port: lab.sshd.port,
    user: 'lab',
    privateKey: jumpKey.private,
    hostKey: jumpHostKey.public,
  };
  return { host: '203.0.113.10', user: 'ops', privateKey: deployKey.private, hostKey, via };
}

function inputs(content = 'one'): Inputs {
  return {
    serverId: '1001',
    host: 'fra-edge-01',
    connection: connection(),
    lan: '10.77.10.2',
    lanPrefix: '10.77.10.0/24',
    files: { '/etc/sysctl.d/90-mesh.conf': { content, mode: '0644' } },
    units: {},
    packages: { tailscale: '1.102.3' },
    provisioned: true,
    bootTimeout: 20,
  };
}

function client(api?: Tailscale): MeshClient {
  return {
    hosts: sshHosts(readTool),
    tailnet: api === undefined ? { state: 'none' } : { state: 'known', api, name: 'acme', home: 'acme' },
  };
}

/** The service's side of the lab's tailnet: its devices, and keys that its hosts accept. */
function service(): Tailscale {
  const fake = new FakeTailnet();
  const { nodes } = lab.tailnet;
  const { api } = fake;
  return {
    ...api,
    tailnet: 'acme',
    keys: {
      ...api.keys,
      create: () => Promise.resolve({ id: 'k', key: `key-${lab.tailnet.joins.length + 1}` }),
      get: () => Promise.resolve(undefined),
    },
    devices: {
      ...api.devices,
      get: (id) => Promise.resolve(nodes.get(id)),
      delete: (id) => Promise.resolve(nodes.delete(id)),
      routes: (id) =>
        Promise.resolve({
          advertised: nodes.get(id)?.advertisedRoutes ?? [],
          enabled: nodes.get(id)?.advertisedRoutes ?? [],
        }),
    },
  };
}

const createRelease = (): ReturnType<typeof hostRelease.create> =>
  hostRelease.create(operation(), inputs(), false, client());

describe('against a host that answers the protocol over SSH', () => {
  test('a release is made, read without drift, changed, and its bootstrap key retired', async () => {
    const { id, outputs } = await createRelease();
    const olds = recorded(outputs);
    expect(textOf(olds, 'hostKey')).toMatch(/^ssh-ed25519 /);
    const found = await hostRelease.read(operation(), id, olds, inputs(), client());
    expect(found?.outputs).toEqual(olds);

    const updated = await hostRelease.update(operation(), id, olds, inputs(), inputs('two'), false, client());
    expect(updated.outputs.hash).not.toBe(olds.hash);
    expect(updated.outputs.hostKey).toBe(olds.hostKey);
    // Who knows the bootstrap key alone does not get in any more; the update itself pinned the recorded one.
    await expect(hostRelease.create(operation(), inputs('two'), false, client())).rejects.toThrow(
      'no ecdsa-sha2-nistp256 key',
    );
  });

  test('a byte that flips after receipt stops the release on that host', async () => {
    lab.faults.set('flip-byte', 'fra-edge-01');
    await expect(createRelease()).rejects.toThrow('fra-edge-01: the release changed on the way to the host');
    lab.faults.clear();
    await expect(createRelease()).resolves.toHaveProperty('outputs.drift', []);
  });

  test('another host key stops it before anything is sent', async () => {
    lab.faults.set('other-host-key', 'fra-edge-01');
    await expect(createRelease()).rejects.toThrow('fra-edge-01 (203.0.113.10:22 through jump host');
  });

  test('a server that never answers is given up after bootTimeout', async () => {
    lab.faults.set('no-answer', 'fra-edge-01');
    const impatient = { ...inputs(), bootTimeout: 1 };
    await expect(hostRelease.create(operation(), impatient, false, client())).rejects.toThrow('no SSH login in time');
  });

  test('an existing machine is refused for what is on it, taken once that is accepted, and given back', async () => {
    lab.faults.set('foreign-software', 'fra-edge-01');
    const sysctl = { content: 'net.ipv4.ip_forward = 1\n', mode: '0644' };
    const existing: Inputs = {
      ...inputs(),
      provisioned: false,
      files: { '/etc/sysctl.d/90-site-mesh.conf': sysctl },
    };
    const create = (news: Inputs) => hostRelease.create(operation(), news, false, client());
    await expect(create(existing)).rejects.toThrow(/lived with by accepts: \[docker, ufw\] of the host:\n.*docker: /);
    await expect(create({ ...existing, accepts: ['docker'] })).rejects.toThrow(/accepts: \[ufw\] of the host/);
    const accepting = { ...existing, accepts: ['docker', 'ufw'] };
    const { id, outputs } = await create(accepting);
    const op = operation();
    await hostRelease.delete(op, id, recorded(outputs), accepting, client());
    expect(op.logs).toEqual([
      { severity: 'info', message: 'fra-edge-01: put back as it was before the first release: 4 things' },
    ]);
    // As it was: refused again, and reached by the key that it had.
    await expect(create(existing)).rejects.toThrow('Nothing was changed on it');
    await expect(create({ ...existing, provisioned: true })).resolves.toHaveProperty('id', id);
  });

  test('a node joins, is adopted after a crash, and leaves', async () => {
    const release = recorded((await createRelease()).outputs);
    const node = {
      serverId: '1001',
      connection: connection(textOf(release, 'hostKey')),
      hostname: 'fra-edge-01',
      tags: ['tag:router'],
      advertiseRoutes: ['10.77.10.0/24'],
      acceptRoutes: true,
      snat: true,
    };
    const api = service();
    const { id, outputs } = await tailnetNode.create(operation(), node, false, client(api));
    expect(outputs.addresses).toEqual(['100.64.0.1']);
    const again = await tailnetNode.create(operation(), node, false, client(api));
    expect(again.id).toBe(id);
    expect(lab.tailnet.joins).toHaveLength(1);
    await tailnetNode.delete(operation(), id, recorded(outputs), node, client(api));
    expect(lab.tailnet.nodes.size).toBe(0);
  });
});

describe('the host tool of this checkout', () => {
  test('is one source, the same each time, named by its sha256', () => {
    const [a, b] = [readTool(), readTool()];
    expect(a).toEqual(b);
    expect(a.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(a.source).toMatch(/^#!\/usr\/bin\/python3/);
  });
});
