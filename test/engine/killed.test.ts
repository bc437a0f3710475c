import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { clearFaults, setFault } from '../../lab/control.ts';
import { Bench } from './bench.ts';
import { changes, diagnostics } from './events.ts';
import { upKilledWhen } from './kill-up.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
  await hetznerOnly();
});
afterAll(() => bench.stop());

/** A droplet whose create was cut off would be made again, under the same name: what mends that is recover.test.ts's. */
const hetznerOnly = (): Promise<void> =>
  bench.edit((config) => {
    delete (config['site-mesh:sites'] as Record<string, unknown>)['ap-sin'];
    const services = config['site-mesh:services'] as Record<string, { on: string[] }>;
    if (services.ssh) services.ssh.on = ['role:router'];
    config['site-mesh:access'] = (config['site-mesh:access'] as { from: string[] }[]).filter(
      ({ from }) => !from.includes('site:ap-sin'),
    );
  });

const DEVICES = z.object({ devices: z.array(z.object({ nodeId: z.string(), hostname: z.string() })) });

async function devices(): Promise<z.infer<typeof DEVICES>['devices']> {
  return DEVICES.parse(await bench.tailscale('GET', '/tailnet/-/devices')).devices;
}

/** Starts an up and kills the engine, hard, as soon as the device is there; answers its id. */
const upKilledAtJoin = (hostname: string): Promise<string> =>
  upKilledWhen(
    bench,
    `${hostname} did not join`,
    async () => (await devices()).find((device) => device.hostname === hostname)?.nodeId,
  );

test('an engine killed after a join and before it is recorded: the next up adopts the node', async () => {
  // The provider asks the tailnet about the device after the join: a slow answer holds it between join and record.
  await setFault(bench.dir, 'slow-tailnet', 'fra-edge-01');
  const nodeId = await upKilledAtJoin('fra-edge-01');
  await clearFaults(bench.dir);
  const state = await bench.pulumi(['stack', 'export']);
  expect(state.stdout, 'precondition: the join was not recorded').not.toContain(nodeId);

  const locked = await bench.up();
  expect(locked.text).toMatch(/locked/);
  expect((await bench.pulumi(['cancel', '--yes'])).code).toBe(0);
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(diagnostics(run.events, 'info').join('\n')).toContain(
    `fra-edge-01 is in the tailnet already (node ${nodeId}): adopted`,
  );
  const after = await devices();
  expect(after.map((device) => device.hostname).sort()).toEqual(['fra-edge-01', 'fra-edge-02']);
  expect(after.find((device) => device.hostname === 'fra-edge-01')?.nodeId).toBe(nodeId);
  const again = await bench.up('--expect-no-changes');
  expect(again.code, again.text).toBe(0);
  expect(changes(again.events)).toEqual([]);
});

test('control: a host that has not joined is not adopted but joins with a key of its own', async () => {
  await bench.fresh();
  await hetznerOnly();
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(diagnostics(run.events, 'info').join('\n')).not.toContain('adopted');
});
