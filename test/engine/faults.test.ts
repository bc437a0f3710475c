import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { clearFaults, setFault } from '../../lab/control.ts';
import type { FaultName } from '../../lab/types.ts';
import { Bench } from './bench.ts';
import { diagnostics, steps } from './events.ts';

/** Every fault fails an up at the right object with the reason in words; without the fault the same up goes through. */
let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
beforeEach(() => bench.fresh());
afterAll(() => bench.stop());

interface Case {
  fault: FaultName;
  target: string;
  /** Type and name of the resource that fails, alone. */
  fails: string;
  says: RegExp;
}

const CASES: Case[] = [
  {
    fault: 'flip-byte',
    target: 'fra-edge-02',
    fails: 'HostRelease fra-edge-02',
    says: /fra-edge-02.*changed on the way.*Nothing was activated/s,
  },
  {
    fault: 'other-host-key',
    target: 'fra-edge-01',
    fails: 'HostRelease fra-edge-01',
    says: /fra-edge-01.*host key.*SHA256:/s,
  },
  { fault: 'action-error', target: 'fra-edge-02', fails: 'Server fra-edge-02', says: /action_failed|failed/i },
  {
    fault: 'no-answer',
    target: 'fra-db-01',
    fails: 'HostRelease fra-db-01',
    says: /fra-db-01.*no SSH login in time/s,
  },
  {
    fault: 'key-spent',
    target: 'fra-edge-01',
    fails: 'TailnetNode fra-edge-01',
    says: /fra-edge-01.*(key).*(spent|used|invalid)/s,
  },
  { fault: 'policy-edited', target: '*', fails: 'TailnetPolicy acme', says: /somebody|not ours|412/ },
  { fault: 'name-taken', target: 'fra-edge-02', fails: 'Server fra-edge-02', says: /already used|uniqueness_error/ },
];

test.each(CASES)(
  '$fault on $target fails exactly $fails, and the next up without it succeeds',
  async ({ fault, target, fails, says }) => {
    await setFault(bench.dir, fault, target);
    const run = await bench.up();
    expect(run.code, run.text).not.toBe(0);
    const failed = steps(run.events)
      .filter((step) => step.failed)
      .map((step) => `${step.type.split(':').at(-1)} ${step.name}`);
    expect(failed, run.text).toEqual([fails]);
    expect(diagnostics(run.events, 'error').join('\n')).toMatch(says);
    expect(run.text).not.toMatch(/ at .*\.ts:\d+/);

    await clearFaults(bench.dir);
    // The fault itself wrote this text: a person has to decide whose policy it is.
    if (fault === 'policy-edited') return;
    // A server whose start failed is recorded, and off: the plugin does not start it again, ServerReady does.
    const again = await bench.up();
    expect(again.code, again.text).toBe(0);
  },
);

test('an update of a policy that somebody edited since is refused, and refresh shows the edit', async () => {
  expect((await bench.up()).code).toBe(0);
  await setFault(bench.dir, 'policy-edited', '*');
  await bench.edit((config) => {
    config['site-mesh:groups'] = { platform: ['ada@example.com', 'lin@example.com'], sre: ['grace@example.com'] };
  });
  const refused = await bench.up();
  expect(refused.code).not.toBe(0);
  expect(diagnostics(refused.events, 'error').join('\n')).toMatch(/edited/);
  await clearFaults(bench.dir);
  await bench.pulumi(['refresh', '--yes', '--skip-preview']);
  const seen = await bench.pulumi(['preview', '--diff']);
  expect(seen.text).toContain('lin@example.com');
  expect((await bench.up()).code).toBe(0);
});
