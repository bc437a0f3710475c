import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Bench } from './bench.ts';
import { changes, diagnostics } from './events.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.stop());

function site(change: (site: Record<string, unknown>) => void) {
  return (config: Record<string, unknown>): void => {
    const sites = z.record(z.string(), z.record(z.string(), z.unknown())).parse(config['site-mesh:sites']);
    change(sites['eu-fra'] ?? {});
    config['site-mesh:sites'] = sites;
  };
}

test('draft', async () => {
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  console.log(diagnostics(run.events, 'warning'));
  await bench.edit(site((one) => { one.serverType = 'cx33'; }));
  const preview = await bench.pulumi(['preview', '--diff']);
  console.log(preview.text);
  const again = await bench.up();
  console.log(again.text);
  console.log(changes(again.events));
  const third = await bench.up('--expect-no-changes');
  expect(third.code, third.text).toBe(0);
  const log = await import('node:fs').then((fs) => fs.readFileSync(bench.dir + '/lab.log', 'utf8'));
  console.log(log.split('\n').filter((l) => /actions|routes/.test(l)).join('\n'));
});
