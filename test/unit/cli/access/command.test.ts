import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { accessLines } from '../../../../cli/access/lines.ts';
import { modelNames, serviceHosts } from '../../../../cli/access/names.ts';
import { EXIT } from '../../../../cli/exit.ts';
import { program } from '../../../../cli/program.ts';
import { markdownMatrix, renderAnswer, renderMatrix } from '../../../../cli/render/access.ts';
import { evaluator } from '../../../../mesh/overlays/tailscale/policy/index.ts';
import { largeMesh } from '../../../bench/large-mesh.ts';
import { stack } from './fixtures.ts';

const mesh = (...args: string[]) => program().parseAsync(['node', 'mesh', 'access', ...args]);

let out: string;
beforeEach(() => {
  out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

describe('mesh access, of the stacks of this tree', () => {
  test('the matrix as text, Markdown and JSON', async () => {
    await mesh('staging');
    expect(out).toMatch(/^acme\/staging: who may reach what .*everything else is denied/);
    expect(out).toMatch(/group:sre \(grace@example\.com\) +role:router \(fra-edge-01, fra-edge-02\)/);
    out = '';
    await mesh('staging', '--format', 'markdown');
    expect(out).toMatch(
      /^### acme\/staging: who may reach what\n\n\| from \| to \| ports \| why \|\n\|---\|---\|---\|---\|\n\| /,
    );
    out = '';
    await mesh('staging', '--format', 'json');
    const { access } = JSON.parse(out) as { access: { from: { name: string }[]; to: { name: string }[]; ports: string[] }[] }; // prettier-ignore
    expect(access).toContainEqual(expect.objectContaining({ from: [{ name: 'group:platform', members: ['ada@example.com'] }], ports: ['tcp/5432'] })); // prettier-ignore
    expect(process.exitCode).toBeUndefined();
  });

  test('a yes exits 0, a no 5; JSON has the chain', async () => {
    await mesh('staging', '--from', 'sin-app-01', '--to', 'fra-db-01:5432');
    expect(out).toMatch(
      /^yes {2}sin-app-01 → fra-db-01 on tcp\/5432: .*\n {2}grants\[\d+\] line \d+ {2}the app tier reads the primary\n/,
    );
    expect(process.exitCode).toBeUndefined();
    out = '';
    await mesh('staging', '--from', 'sin-app-01', '--to', 'fra-db-01:22', '--format', 'json');
    expect(JSON.parse(out)).toMatchObject({ allowed: false, rules: [], on: 'tcp/22' });
    expect(process.exitCode).toBe(EXIT.unwell);
  });

  test('a difference exits 0, and 3 where it widens and that is to fail', async () => {
    await mesh('prod', '--diff', 'Pulumi.prod.yaml', '--fail-on-widen');
    expect(out).toContain('nobody gains or loses access');
    expect(process.exitCode).toBeUndefined();
    out = '';
    await mesh('prod', '--diff', 'Pulumi.staging.yaml', '--format', 'json');
    expect(process.exitCode).toBeUndefined();
    expect(JSON.parse(out)).toMatchObject({ widens: true, against: 'Pulumi.staging.yaml', gains: expect.any(Array) as unknown }); // prettier-ignore
    await mesh('prod', '--diff', 'Pulumi.staging.yaml', '--fail-on-widen');
    expect(process.exitCode).toBe(3);
  });

  test.each([
    [['stagin'], 'is not known'],
    [['staging', '--from', 'sin-app-01'], 'belong together'],
    [['staging', '--to', 'sin-app-01:22'], 'belong together'],
    [['staging', '--from', 'a', '--to', 'b:1', '--diff', 'HEAD'], 'compares whole revisions'],
    [['staging', '--fail-on-widen'], 'needs something to compare with'],
    [['staging', '--lab'], '--lab'],
    [['staging', '--from', 'sin-app-1', '--to', 'fra-db-01:22'], 'Did you mean sin-app-01?'],
    [['staging', '--diff', 'no-such-commit'], 'neither a file nor a commit'],
  ])('%j is a fault of the command line', async (args, why) => {
    await expect(mesh(...args)).rejects.toMatchObject({ code: EXIT.usage, message: expect.stringContaining(why) as string }); // prettier-ignore
    expect(out).toBe('');
  });
});

describe('the matrix as people read it', () => {
  const told = (of = stack()) => {
    const judge = evaluator(of.policy, of.world);
    const lines = accessLines(judge.matrix(), judge.labels(modelNames(of)), serviceHosts(of));
    return { title: 'acme/test', lines, unjudged: [] };
  };

  test('names groups, roles, sites and services; people first, what the mesh needs for itself last', () => {
    expect(renderMatrix(told()).split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | ')).slice(2)).toEqual([
      'from | to | ports | why',
      'group:platform (ada@example.com) | fra-db-01 | tcp/5432 (postgres) | works on the primary',
      'group:platform (ada@example.com), gra-nas-01 | role:app (sin-app-01, sin-app-02) | tcp/8443 (api) | the API is served to the office',
      'group:sre (grace@example.com) | role:router (4) | tcp/22 (ssh) | on call',
      'role:app (sin-app-01, sin-app-02) | gra-nas-01 | tcp/873 (backup) | nightly backups',
      'site:ap-sin (sin-app-01, sin-app-02) | fra-db-01 | tcp/5432 (postgres) | the app tier reads the primary',
      'routers of eu-fra (fra-edge-01, fra-edge-02) | LAN of eu-fra (fra-db-01) | icmp/* | control: the routers of eu-fra see each other and tell who is primary',
      'routers of eu-gra (gra-edge-01, gra-edge-02) | LAN of eu-gra (gra-nas-01) | icmp/* | control: the routers of eu-gra see each other and tell who is primary',
    ]); // prettier-ignore
  });

  test('at twenty sites one line says what all sites have for themselves, and none is wider than a screen', () => {
    const large = largeMesh(20);
    const text = renderMatrix(told(stack(large)));
    expect(text).toMatch(/the routers of each of 20 sites +the LAN of their own +icmp/);
    expect(text).toMatch(
      /group:people-site-7 \(site-7@example\.com\), +site-7-host-1, site-7-host-3 +tcp\/5432 \(db-site-7\)/,
    );
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(180);
    expect(text.split('\n').length).toBeLessThan(60);
  });

  test('what is not judged, and conditions', () => {
    const matrix = { ...told(), unjudged: [{ path: 'grants[1].via', why: 'decided when it is used' }] };
    const lines = matrix.lines.map((line) => ({ ...line, conditional: 'only through tag:x' }));
    expect(renderMatrix({ ...matrix, lines })).toMatch(
      /tcp\/22 \(ssh\) \? +conditional: only through tag:x; on call[\s\S]*Not judged:\n- grants\[1\]\.via/,
    );
    expect(markdownMatrix({ ...matrix, lines })).toContain('conditional: only through tag:x; on call |');
    expect(markdownMatrix({ ...matrix, lines: [] })).toContain('Nobody anything.');
    expect(renderMatrix({ ...told(), lines: [] })).toContain('nobody anything');
  });
});

test('an answer with ssh rules and a condition', () => {
  const text = renderAnswer({
    from: 'grace@example.com',
    to: 'fra-edge-01',
    on: 'tcp/22',
    allowed: true,
    because: '1 rule permits it: grants[0]',
    conditional: ['only through tag:x'],
    rules: [{ path: 'grants[0]', line: 7, why: 'on call', src: 'group:sre', dst: 'tag:router', ip: 'tcp:22', conditional: 'only through tag:x' }], // prettier-ignore
    ssh: [{ path: 'ssh[0]', line: 9, why: 'on call', src: 'group:sre', dst: 'tag:router', action: 'check', users: ['ops'], checkPeriod: '12h' }], // prettier-ignore
    path: ['through the subnet routers of eu-fra (fra-edge-01)'],
  });
  expect(text.split('\n')).toEqual([
    'yes, if  grace@example.com → fra-edge-01 on tcp/22: 1 rule permits it: grants[0]',
    '  grants[0] line 7  on call',
    '    group:sre → tag:router on tcp:22   conditional: only through tag:x',
    '  path  through the subnet routers of eu-fra (fra-edge-01)',
    '  ssh   ssh[0]: after a check every 12h, as ops (on call)',
  ]);
});
