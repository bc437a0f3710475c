import * as pulumi from '@pulumi/pulumi';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DeployAccess, Drain } from '../../components/connection.ts';
import { drainBefore } from '../../components/drain.ts';

const access = (drain: Drain): DeployAccess => ({
  ssh: { user: 'ops', from: [], publicKey: '', authorizedKeys: [], bootTimeout: 300 },
  privateKey: pulumi.secret('DEPLOY-KEY'),
  jumpPrivateKey: pulumi.secret('JUMP-KEY'),
  drain,
});
const RECORDED = { hosts: [{ name: 'fra-edge-01', publicAddress: '203.0.113.1', hostKey: 'ssh-ed25519 OWN' }] };
let outputs: Record<string, unknown>;
let asked: unknown[];
let warnings: string[];

beforeEach(async () => {
  outputs = RECORDED;
  asked = [];
  warnings = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs as Record<string, unknown> }),
      call: ({ token, inputs }) => {
        asked.push([token, inputs]);
        return { outputs };
      },
    },
    'site-mesh',
    'staging',
    false,
    'organization',
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as { registerResourceHook: unknown };
  monitor.registerResourceHook = (_request: unknown, reply: (error: null) => void) => reply(null);
  vi.spyOn(pulumi.log, 'warn').mockImplementation((text) => {
    warnings.push(text);
    return Promise.resolve();
  });
  vi.spyOn(pulumi.log, 'info').mockResolvedValue();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await pulumi.runtime.disconnect();
});

/** Runs the hook as the engine does before an update. */
async function beforeUpdate(drain: Drain, olds: object, news: object): Promise<void> {
  const server = new pulumi.ComponentResource('site-mesh:test:Server', 'fra-edge-01');
  const [hook] = drainBefore(server, 'fra-edge-01', access(drain), ['serverType']).beforeUpdate ?? [];
  if (!pulumi.ResourceHook.isInstance(hook)) throw new Error('no hook');
  expect(hook.name).toBe('drain-fra-edge-01');
  await hook.callback({
    urn: 'urn',
    id: '17',
    name: 'fra-edge-01',
    type: 'hcloud:index/server:Server',
    oldInputs: { ...olds },
    newInputs: { ...news },
  });
}

test('a changed type drains the router, at the address and with the key that the last up recorded', async () => {
  const drain = vi.fn<Drain>().mockResolvedValue();
  await beforeUpdate(drain, { serverType: 'cx23' }, { serverType: 'cx33' });
  expect(asked).toEqual([['pulumi:pulumi:readStackOutputs', { name: 'organization/site-mesh/staging' }]]);
  expect(drain.mock.calls).toEqual([
    ['fra-edge-01', { host: '203.0.113.1', user: 'ops', privateKey: 'DEPLOY-KEY', hostKey: 'ssh-ed25519 OWN' }],
  ]);
  expect(warnings).toEqual([]);
});

test('any other update drains nothing and asks nobody', async () => {
  const drain = vi.fn<Drain>().mockResolvedValue();
  await beforeUpdate(drain, { serverType: 'cx23', labels: {} }, { serverType: 'cx23', labels: { a: 'b' } });
  expect([drain.mock.calls, asked]).toEqual([[], []]);
});

test('a router that cannot be drained is a warning, never a failure', async () => {
  const drain = vi.fn<Drain>().mockRejectedValue(new Error('fra-edge-01: connection refused'));
  await beforeUpdate(drain, { serverType: 'cx23' }, { serverType: 'cx33' });
  expect(warnings.join()).toMatch(/fra-edge-01: connection refused\nfra-edge-01 was not drained before it goes off/);
});

test('so is one that no up has recorded', async () => {
  outputs = { hosts: [{ name: 'fra-db-01', publicAddress: '203.0.113.3', hostKey: 'ssh-ed25519 DB' }] };
  const drain = vi.fn<Drain>().mockResolvedValue();
  await beforeUpdate(drain, { serverType: 'cx23' }, { serverType: 'cx33' });
  expect(drain).not.toHaveBeenCalled();
  expect(warnings.join()).toContain('no address and host key');
});
