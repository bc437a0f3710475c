import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { TREE } from '../../cli/paths.ts';
import type { StatusReport } from '../../cli/status/types.ts';
import { clearFaults, setFault } from '../../lab/control.ts';
import { Bench } from './bench.ts';
import { mesh, Running, type Ended } from './cli.ts';
import { edited } from './later.ts';

/** What a person at night does with staging: looks, switches its pair of routers, and is told what is wrong. */
let bench: Bench;
beforeAll(async () => {
  process.env.MESH_LAB_PACE = '0.01';
  bench = await Bench.start();
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
});
afterAll(async () => {
  delete process.env.MESH_LAB_PACE;
  await bench.stop();
});

const STACK = ['--stack', 'staging', '--lab'];
const run = (...args: string[]): Promise<Ended> => mesh(args, { env: { MESH_LAB_DIR: bench.dir } });
const failover = (...args: string[]): Promise<Ended> => run('failover', 'eu-fra', ...STACK, '--yes', ...args);

async function status(): Promise<{ code: number; report: StatusReport }> {
  const { code, stdout, text } = await run('status', 'staging', '--lab', '--json');
  expect(stdout.startsWith('{'), text).toBe(true);
  return { code, report: JSON.parse(stdout) as StatusReport };
}

const whats = ({ problems }: StatusReport): string[] => problems.map(({ what, about }) => `${what} ${about}`);
const primary = ({ sites }: StatusReport): (string | null)[] =>
  sites.flatMap(({ prefixes }) => prefixes.map((prefix) => prefix.primary));
const hostIn = ({ sites }: StatusReport, name: string) =>
  sites.flatMap(({ hosts }) => hosts).find((host) => host.name === name);

async function power(name: string, action: 'poweroff' | 'poweron', until: string): Promise<void> {
  const shape = z.object({ servers: z.array(z.object({ id: z.number(), status: z.string() })) });
  const find = async () => shape.parse(await bench.hetzner('GET', `/servers?name=${name}`)).servers[0];
  await bench.hetzner('POST', `/servers/${(await find())?.id ?? ''}/actions/${action}`);
  while ((await find())?.status !== until) await sleep(20);
  // The lab looks at its servers ten times a second.
  await sleep(300);
}

async function settled(): Promise<void> {
  expect(await status()).toMatchObject({ code: 0, report: { well: true, problems: [] } });
}

describe('right after an up', () => {
  test('all is well, and one screen says so', async () => {
    const { code, stdout } = await run('status', 'staging', '--lab');
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/acme\/staging {2}tailnet acme-staging {2}all well/);
    expect(stdout).toMatch(/eu-fra · 10\.78\.10\.0\/24 carried by fra-edge-01\n/);
    expect(stdout).toMatch(/fra-edge-02 +online +standby +as planned +1\.102\.3/);
    expect(stdout.split('\n').length).toBeLessThan(24);
  });

  test('the JSON has the documented shape', async () => {
    const { code, report } = await status();
    expect(code).toBe(0);
    expect(Object.keys(report).sort()).toEqual(
      'at lab network notes paths people problems sites stack tailnet unplanned well'.split(' '),
    );
    expect(report).toMatchObject({ lab: 'records', tailnet: { name: 'acme-staging', answered: true, error: null } });
    expect(primary(report)).toEqual(['fra-edge-01']);
    const router = hostIn(report, 'fra-edge-01');
    expect(router).toMatchObject({
      kind: 'router',
      managed: true,
      reached: true,
      error: null,
      node: { state: 'Running', online: true },
      routes: { wanted: ['10.78.10.0/24'], advertised: ['10.78.10.0/24'], approved: ['10.78.10.0/24'], drained: false },
      release: { pendingRevert: false, drift: [] },
      versions: { tailscale: '1.102.3' },
    });
    expect(router?.release?.active).toBe(router?.release?.planned);
    expect(router?.device?.tags.have).toEqual(router?.device?.tags.wanted);
    expect(hostIn(report, 'fra-db-01')).toMatchObject({ kind: 'host', device: null, routes: null });
    expect(report.paths.every((path) => path.class === 'idle')).toBe(true);
  });

  test('it can be watched until Ctrl-C, which is a good end', async () => {
    const args = ['status', 'staging', '--lab', '--watch', '1'];
    const watching = new Running(join(TREE, 'bin', 'mesh'), args, { env: { MESH_LAB_DIR: bench.dir } });
    await watching.says(/all well[^]*all well/);
    watching.signalGroup('SIGINT');
    const { code, stdout } = await watching.ended;
    expect(code).toBe(0);
    expect(stdout, 'no terminal: no escapes').not.toContain('\u001b');
  });

  test('records have no network to measure, and mesh mtu says what has', async () => {
    const { code, stderr } = await run('mtu', 'fra-edge-01', 'sin-app-01', ...STACK);
    expect(code, stderr).toBe(4);
    expect(stderr).toContain('this lab keeps records only');
    expect(stderr).toContain('mesh lab up --machines');
  });
});

describe('a failover', () => {
  test('without a terminal and without --yes only says what it would do', async () => {
    const { code, text } = await run('failover', 'eu-fra', ...STACK);
    expect(code, text).toBe(2);
    expect(text).toContain('fra-edge-02 is to carry 10.78.10.0/24 instead of fra-edge-01');
    await settled();
  });

  test('ends with the other router as primary, is not done twice, and goes back', async () => {
    const over = await failover();
    expect(over.code, over.text).toBe(0);
    expect(over.stdout).toMatch(/fra-edge-02 carries 10\.78\.10\.0\/24, since between \d+ and \d+ ms after the drain/);
    expect(over.stdout).toContain('mesh failover eu-fra --stack staging --back --lab');

    const { code, report } = await status();
    expect(code).toBe(5);
    expect(primary(report)).toEqual(['fra-edge-02']);
    expect(whats(report)).toEqual(['drained fra-edge-01']);
    expect(report.problems[0]?.next).toBe('mesh failover eu-fra --stack staging --back --lab');

    const last = await failover();
    expect(last.code, 'fra-edge-02 is the last one standing').toBe(5);
    expect(last.text).toContain('fra-edge-01 is drained');
    expect(primary((await status()).report)).toEqual(['fra-edge-02']);

    const same = await failover('--to', 'fra-edge-02');
    expect(same).toMatchObject({ code: 0 });
    expect(same.stdout).toContain('carries 10.78.10.0/24 already');

    const back = await failover('--back');
    expect(back.code, back.text).toBe(0);
    expect(back.stdout).toContain('fra-edge-01 advertises again');
    await settled();
  });

  test('is refused while the partner is off, and drains nobody', async () => {
    await power('fra-edge-02', 'poweroff', 'off');
    const refused = await failover();
    expect(refused.code, refused.text).toBe(5);
    expect(refused.text).toMatch(/fra-edge-02 could not be asked/);
    const { code, report } = await status();
    expect(code).toBe(5);
    expect(whats(report)).toEqual(['unreachable fra-edge-02']);
    expect(report.problems[0]?.text).toContain('the tailnet has not seen it since');
    expect(primary(report)).toEqual(['fra-edge-01']);
    expect(hostIn(report, 'fra-edge-01')?.routes?.drained).toBe(false);
    await power('fra-edge-02', 'poweron', 'running');
    await settled();
  });
});

describe('what is wrong is named', () => {
  afterEach(() => clearFaults(bench.dir));

  test('a host that takes the connection and says nothing: one line, and no hang', async () => {
    await setFault(bench.dir, 'no-answer', 'fra-edge-02');
    const started = Date.now();
    const { code, report } = await status();
    expect(code).toBe(5);
    expect(whats(report)).toEqual(['unreachable fra-edge-02']);
    expect(report.problems[0]?.text).toContain('it is online in the tailnet');
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  test('a file that somebody edited', async () => {
    await edited(bench.dir, 'fra-edge-02', '/etc/site-mesh/site.nft');
    const { code, report } = await status();
    expect(code).toBe(5);
    expect(whats(report)).toEqual(['drift fra-edge-02']);
    expect(report.problems[0]?.text).toContain('/etc/site-mesh/site.nft');
  });

  test('a device that somebody removed, beside what was wrong before', async () => {
    const nodeId = hostIn((await status()).report, 'sin-app-01')?.device?.nodeId ?? '';
    await bench.tailscale('DELETE', `/device/${nodeId}`);
    const { code, report } = await status();
    expect(code).toBe(5);
    expect(whats(report)).toEqual(['drift fra-edge-02', 'no-device sin-app-01']);
  });
});
