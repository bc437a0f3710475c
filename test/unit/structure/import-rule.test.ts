// The import rule is only worth something if each row of it can fail. A small tree of the same shape, under the same
// configuration, passes; then one forbidden import per rule is planted, and exactly those are found.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ROOMS } from '../../checks.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** Every arrow that the table allows, each used once. */
const ALLOWED: Record<string, string[]> = {
  'index.ts': [
    './mesh/plan/a.ts',
    './components/a.ts',
    './provider/resources/a.ts',
    './provider/drain.ts',
    '@pulumi/pulumi',
    'node:path',
  ],
  'mesh/config/a.ts': ['zod', 'ipaddr.js', 'node:crypto'],
  'mesh/access/a.ts': ['../config/a.ts'],
  'mesh/overlays/tailscale/a.ts': ['../../access/a.ts', '../../config/a.ts'],
  'mesh/host/a.ts': ['yaml'],
  'mesh/plan/a.ts': ['../config/a.ts', '../access/a.ts', '../overlays/tailscale/a.ts', '../host/a.ts'],
  'components/a.ts': ['../mesh/host/a.ts', '../provider/resources/a.ts', '@pulumi/pulumi'],
  'provider/resources/a.ts': ['@pulumi/pulumi', '../../mesh/config/a.ts'],
  'provider/a.ts': ['../mesh/host/a.ts', '../io/ssh/a.ts', './resources/a.ts'],
  'provider/drain.ts': ['../io/ssh/a.ts'],
  'io/rpc/a.ts': ['node:net'],
  'io/ssh/a.ts': ['../../mesh/host/a.ts', 'ssh2'],
  'policies/a.ts': ['../mesh/config/a.ts'],
  'lab/a.ts': ['../io/rpc/a.ts', '../engine/a.ts'],
  'engine/a.ts': ['node:child_process'],
  'cli/a.ts': ['../lab/a.ts', '../provider/a.ts', '../policies/a.ts', '../mesh/plan/a.ts'],
  'test/a.ts': ['../cli/a.ts', '../index.ts', 'vitest'],
};

/** Per rule a file and an import that it must refuse; what else the same import breaks stands behind it. */
const FORBIDDEN: [rule: string, file: string, specifier: string, ...alsoBroken: string[]][] = [
  ['no-cycles', 'engine/cycle-back.ts', './cycle.ts'],
  ['no-unresolvable', 'engine/b.ts', './nowhere.ts', 'engine-imports-only'],
  ['product-needs-no-dev-dependency', 'cli/b.ts', 'vitest'],
  ['mesh-imports-only', 'mesh/b.ts', '../io/rpc/a.ts'],
  ['mesh-is-pure', 'mesh/c.ts', 'node:fs'],
  ['mesh-is-pure', 'mesh/d.ts', 'http2'],
  ['mesh-takes-pure-packages-only', 'mesh/e.ts', '@pulumi/pulumi'],
  ['mesh-takes-pure-packages-only', 'mesh/f.ts', 'ssh2'],
  ['mesh-config-imports-only', 'mesh/config/b.ts', '../access/a.ts'],
  ['mesh-access-imports-only', 'mesh/access/b.ts', '../overlays/tailscale/a.ts'],
  ['mesh-overlays-imports-only', 'mesh/overlays/b.ts', '../plan/a.ts'],
  ['mesh-host-imports-only', 'mesh/host/b.ts', '../config/a.ts'],
  ['mesh-plan-imports-only', 'mesh/plan/b.ts', '../other.ts'],
  ['components-imports-only', 'components/b.ts', '../provider/a.ts'],
  ['components-imports-only', 'components/c.ts', '../io/ssh/a.ts'],
  ['provider-imports-only', 'provider/b.ts', '../components/a.ts'],
  ['provider-imports-only', 'provider/c.ts', '../lab/a.ts'],
  ['io-imports-only', 'io/b.ts', '../provider/a.ts'],
  ['policies-imports-only', 'policies/b.ts', '../io/ssh/a.ts'],
  ['lab-imports-only', 'lab/b.ts', '../io/ssh/a.ts'],
  ['lab-imports-only', 'lab/c.ts', '../mesh/access/a.ts'],
  ['engine-imports-only', 'engine/c.ts', '../mesh/config/a.ts'],
  ['nobody-imports-the-program', 'cli/c.ts', '../index.ts'],
  ['nobody-imports-tests', 'cli/d.ts', '../test/a.ts'],
  ['nobody-imports-cli', 'lab/d.ts', '../cli/a.ts', 'lab-imports-only'],
];

interface Violation {
  rule: string;
  from: string;
}

function plant(files: Record<string, string[]>): string {
  const tree = mkdtempSync(join(tmpdir(), 'mesh-imports-'));
  onTestFinished(() => rm(tree, { recursive: true, force: true }));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  };
  cpSync(join(ROOT, '.dependency-cruiser.cjs'), join(tree, '.dependency-cruiser.cjs'));
  cpSync(join(ROOT, 'tsconfig.json'), join(tree, 'tsconfig.json'));
  const versions = (...names: string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, '1.0.0']));
  const dependencies = versions('zod', 'ipaddr.js', 'yaml', 'ssh2', '@pulumi/pulumi');
  write('package.json', JSON.stringify({ type: 'module', dependencies, devDependencies: versions('vitest') }));
  for (const name of [...Object.keys(dependencies), 'vitest']) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    write(`node_modules/${name}/index.js`, '');
  }
  for (const [file, specifiers] of Object.entries(files)) {
    // Types count as much as values: a room that knows another's types depends on it.
    write(
      file,
      specifiers.map((name, i) => `export type { X as X${i} } from '${name}';\nimport '${name}';\n`).join(''),
    );
  }
  return tree;
}

async function cruise(tree: string): Promise<Violation[]> {
  const program = join(ROOT, 'node_modules', '.bin', 'depcruise');
  const text = await new Promise<string>((resolve, reject) => {
    const args = [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...ROOMS];
    execFile(process.execPath, args, { cwd: tree, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr, { cause: error }));
      else resolve(stdout);
    });
  });
  const { summary } = JSON.parse(text) as { summary: { violations: { rule: { name: string }; from: string }[] } };
  return summary.violations.map(({ rule, from }) => ({ rule: rule.name, from }));
}

describe('the import rule', () => {
  it('lets every arrow of the table pass', async () => {
    expect(await cruise(plant(ALLOWED))).toEqual([]);
  });

  it('finds a violation of each rule, and nothing else', async () => {
    const planted: Record<string, string[]> = {
      ...ALLOWED,
      'mesh/other.ts': ['zod'],
      'engine/cycle.ts': ['./cycle-back.ts'],
      'engine/orphan.ts': [],
      'index.ts': ['./provider/a.ts'],
    };
    for (const [, file, specifier] of FORBIDDEN) planted[file] = [specifier];
    const expected = new Set([
      'no-orphans engine/orphan.ts',
      'program-imports-only index.ts',
      ...FORBIDDEN.flatMap(([rule, file, , ...more]) => [rule, ...more].map((name) => `${name} ${file}`)),
    ]);
    const found = new Set((await cruise(plant(planted))).map(({ rule, from }) => `${rule} ${from}`));
    expect([...found].sort()).toEqual([...expected].sort());
  });

  it('has no rule without a violation above', () => {
    const { forbidden } = createRequire(import.meta.url)(join(ROOT, '.dependency-cruiser.cjs')) as {
      forbidden: { name: string }[];
    };
    const proven = new Set(['no-orphans', 'program-imports-only', ...FORBIDDEN.map(([rule]) => rule)]);
    expect(forbidden.map(({ name }) => name).sort()).toEqual([...proven].sort());
  });
});
