import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labPaths } from '../../cli/lab/environment.ts';
import { removeTorn, tornFiles } from '../../cli/recover/torn.ts';
import { cutOff, go, measure, runPoint, type Measure, type Point } from '../kills/point.ts';
import { Rig } from '../kills/rig.ts';
import { copyTree } from './tree-copy.ts';

/** A few of the points of `npm run kills`, on the smallest stack that has all of it. */
const STACK = `config:
  site-mesh:network: { name: acme, supernet: 10.79.0.0/16, domain: crash.mesh.acme.internal }
  site-mesh:tailnet: { name: acme-crash }
  site-mesh:ssh: { user: ops, from: [198.51.100.0/28], publicKey: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPMwT6FDpADOD+/v8vm02ARXiPxYscMG68Wnqo1xjaTI deploy@example.com }
  site-mesh:sites:
    eu-fra:
      cloud: hetzner
      location: fsn1
      cidr: 10.79.10.0/24
      routers: [{ name: fra-edge-01, lan: 10.79.10.2 }]
      hosts: [{ name: fra-db-01, lan: 10.79.10.10 }]
  site-mesh:groups: { sre: [grace@example.com] }
  site-mesh:services: { ssh: { on: ['role:router'], ports: [tcp/22] } }
  site-mesh:access: [{ from: ['group:sre'], to: ssh, why: on call }]
`;

let rig: Rig;
let tree: string;
let up: Measure;
let destroy: Measure;
beforeAll(async () => {
  tree = copyTree(join(mkdtempSync(join(tmpdir(), 'site-mesh-tree-')), 'tree'));
  writeFileSync(join(tree, 'Pulumi.crash.yaml'), STACK);
  rig = new Rig('crash', { tree });
  await rig.start();
  await rig.save('empty');
  up = await measure(rig, 'up', 'empty');
  await rig.save('built');
  destroy = await measure(rig, 'destroy', 'built');
});
afterAll(async () => {
  await rig.remove();
  rmSync(join(tree, '..'), { recursive: true, force: true });
});

const AT_SERVER: Point = { run: 'up', nth: 1, of: 'POST /v1/servers', before: 'answer', victim: 'engine' };

test.each<Point>([
  AT_SERVER,
  // The engine lives and forgets the create: the network is recorded nowhere.
  { run: 'up', nth: 1, of: 'POST /v1/networks', before: 'answer', victim: 'plugin' },
  { run: 'up', nth: 1, of: 'POST /v1/placement_groups', before: 'nothing', victim: 'lab' },
  // The official plugin panics on a firewall that is gone already.
  { run: 'destroy', nth: 1, of: 'DELETE /v1/firewalls', before: 'answer', victim: 'plugin' },
])(
  '$run cut off at $of by kill -9 of the $victim: recover and one more run, and all is as if nothing had happened',
  async (point) => {
    const { from, wanted } = point.run === 'up' ? { from: 'empty', ...up } : { from: 'built', ...destroy };
    const outcome = await runPoint(rig, point, from, wanted);
    expect(outcome.at).toContain(point.of);
    expect(outcome.faults).toEqual([]);
  },
);

test('control: without recover the same point ends in a name that is taken', async () => {
  await rig.restore('empty');
  expect(await cutOff(rig, AT_SERVER)).toBeDefined();
  // A kill now and then tears this file too, which is another fault: the engine would read nothing at all.
  await removeTorn(await tornFiles(labPaths(rig.lab, 'crash').backend, 'site-mesh', 'crash'));
  const cancelled = await rig.pulumi('cancel', '--yes').ended;
  expect(cancelled.code, cancelled.text).toBe(0);
  const again = await go(rig, 'up').ended;
  expect(again.code, again.text).not.toBe(0);
  // The server's, or the firewall's that was under way beside it: the engine names whichever it comes to first.
  expect(again.text).toMatch(/(server|firewall) name is already used/);
});
