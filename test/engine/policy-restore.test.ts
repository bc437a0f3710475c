import { afterAll, beforeAll, expect, test } from 'vitest';
import { meshConfig } from '../../cli/mesh-config.ts';
import { readStackFile } from '../../cli/stack-file.ts';
import { clearFaults, setFault } from '../../lab/control.ts';
import { planMesh } from '../../mesh/plan/index.ts';
import { Bench } from './bench.ts';
import { diagnostics, touched } from './events.ts';
import { upKilledWhen } from './kill-up.ts';

/** A policy that the service finds wrong after it was pushed is taken back in the same run, by the real engine. */
let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
  // A LAN host: the service can be asked about it before any node exists.
  await bench.edit((config) => {
    const services = config['site-mesh:services'] as { ssh: { on: string[] } };
    services.ssh.on = ['role:router', 'role:app', 'fra-db-01'];
  });
});
afterAll(() => bench.stop());

const live = async (): Promise<string> => String(await bench.tailscale('GET', '/tailnet/-/acl'));
const platform = (people: string[]): Promise<void> =>
  bench.edit((config) => {
    config['site-mesh:groups'] = { platform: people, sre: ['grace@example.com'] };
  });
const failedTypes = (run: Awaited<ReturnType<Bench['up']>>): string => diagnostics(run.events, 'error').join('\n');

test('the first push gives the service’s default back, and nothing else is made', async () => {
  const before = await live();
  await setFault(bench.dir, 'policy-lockout', '*');
  const run = await bench.up();
  expect(run.code, run.text).not.toBe(0);
  expect(failedTypes(run)).toContain('address "fra-db-01:22": want: Accept, got: Drop');
  expect(failedTypes(run)).toContain('lets everybody reach everything');
  expect(await live()).toBe(before);
  expect(await bench.hetzner('GET', '/servers')).toMatchObject({ servers: [] });
});

test('control: without the fault the same up goes through, and its policy stays', async () => {
  await clearFaults(bench.dir);
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(await live()).toContain('group:sre');
  const again = await bench.up('--expect-no-changes');
  expect(again.code, again.text).toBe(0);
});

test('a later push gives the former policy back, the state keeps it, and the next up tries again', async () => {
  const before = await live();
  await platform(['ada@example.com', 'lin@example.com']);
  await setFault(bench.dir, 'policy-lockout', '*');
  const run = await bench.up();
  expect(run.code, run.text).not.toBe(0);
  expect(failedTypes(run)).toContain('The former policy is in force again, as it was before this run');
  // Members have joined by now: they are asked about too.
  expect(failedTypes(run)).toContain('address "tag:router:22"');
  expect(await live()).toBe(before);
  const seen = await bench.pulumi(['refresh', '--yes', '--skip-preview', '--expect-no-changes']);
  expect(seen.code, seen.text).toBe(0);
  await clearFaults(bench.dir);
  const again = await bench.up();
  expect(again.code, again.text).toBe(0);
  expect(touched(again.events)).toEqual(['update TailnetPolicy acme', 'update TailnetTests acme']);
  expect(await live()).toContain('lin@example.com');
});

/** Kills the engine, hard, as soon as the tailnet has another policy: its provider still waits for the answer to the check. */
const upKilledAfterPush = (before: string): Promise<string> =>
  upKilledWhen(bench, 'the tailnet got no other policy', async () => {
    const now = await live();
    return now === before ? undefined : now;
  });

test('an engine killed between push and check: the next up finishes the check, and takes the policy back', async () => {
  const before = await live();
  await platform(['ada@example.com', 'kim@example.com']);
  await setFault(bench.dir, 'slow-tailnet', '*');
  await upKilledAfterPush(before);
  expect(await live(), 'precondition: the push was written').toContain('kim@example.com');
  await clearFaults(bench.dir);
  expect((await bench.pulumi(['stack', 'export'])).stdout, 'precondition: not recorded').toMatch(/"type": "updating"/);
  expect((await bench.pulumi(['cancel', '--yes'])).code).toBe(0);
  await setFault(bench.dir, 'policy-lockout', '*');
  const run = await bench.up();
  expect(run.code, run.text).not.toBe(0);
  expect(failedTypes(run)).toContain('The former policy is in force again');
  expect(await live()).toBe(before);
  // Control: the same, and the service has nothing against it: the text that is there is taken as it is.
  await clearFaults(bench.dir);
  await setFault(bench.dir, 'slow-tailnet', '*');
  await upKilledAfterPush(before);
  await clearFaults(bench.dir);
  expect((await bench.pulumi(['cancel', '--yes'])).code).toBe(0);
  const pushed = await live();
  const again = await bench.up();
  expect(again.code, again.text).toBe(0);
  expect(await live()).toBe(pushed);
});

test('control: the same text written past the program stays, whatever the service says of it', async () => {
  await setFault(bench.dir, 'policy-lockout', '*');
  const text = `${await live()}\n// by hand\n`;
  await bench.tailscale('POST', '/tailnet/-/acl', text);
  expect(await live()).toBe(text);
});

test('a policy that was pushed and never checked is checked by the next up, refreshed or not', async () => {
  await bench.pulumi(['refresh', '--yes', '--skip-preview']);
  await clearFaults(bench.dir);
  expect((await bench.up()).code).toBe(0);
  const before = await live();
  // What a run leaves that was killed between push and check: the new text is live, the state has the former one.
  await platform(['ada@example.com']);
  const { policy } = planMesh(meshConfig(readStackFile(bench.stack, bench.dir)), {
    stack: bench.stack,
    now: new Date(),
  });
  await bench.tailscale('POST', '/tailnet/-/acl', policy.text);
  expect(await live()).not.toBe(before);
  await setFault(bench.dir, 'policy-lockout', '*');
  await bench.pulumi(['refresh', '--yes', '--skip-preview']);
  const run = await bench.up();
  expect(failedTypes(run)).toContain('The former policy is in force again');
  expect(await live()).toBe(before);
});
