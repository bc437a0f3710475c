import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { isRecord } from '../../cli/stack-file.ts';
import { TREE } from '../../cli/paths.ts';
import { Folder, mesh, type Ended } from './cli.ts';
import { copyTree } from './tree-copy.ts';

/** No test here may start a lab or an engine: everything ends before. */
let folder: Folder;
let copy: string;
beforeAll(() => {
  folder = new Folder();
  copy = copyTree(join(folder.root, 'tree'));
});
afterAll(() => folder.remove());

const staging = join(TREE, 'Pulumi.staging.yaml');
const inCopy = (...args: string[]): Promise<Ended> => mesh(args, { cwd: copy, env: folder.env });

/** The same content with every mapping in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, below]) => [key, reversed(below)]),
  );
}

async function withStack<T>(name: string, text: string, work: () => Promise<T>): Promise<T> {
  const path = join(copy, `Pulumi.${name}.yaml`);
  writeFileSync(path, text);
  try {
    return await work();
  } finally {
    rmSync(path);
  }
}

async function expectUntouched(): Promise<void> {
  expect(existsSync(folder.lab)).toBe(false);
  expect(readdirSync(copy)).not.toContain('.lab');
  expect(await folder.leftovers()).toEqual([]);
}

describe('mesh plan --json', () => {
  test('prints the same bytes again, and whatever the order of entries in the stack file', async () => {
    const first = await inCopy('plan', 'staging', '--json');
    expect(first.code, first.text).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ tailnet: { name: 'acme-staging' } });
    expect((await inCopy('plan', 'staging', '--json')).stdout).toBe(first.stdout);

    const original = readFileSync(staging, 'utf8');
    const turned = stringify(reversed(parse(original)));
    expect(turned.indexOf('site-mesh:access')).toBeLessThan(turned.indexOf('site-mesh:network'));
    writeFileSync(join(copy, 'Pulumi.staging.yaml'), turned);
    expect((await inCopy('plan', 'staging', '--json')).stdout).toBe(first.stdout);
    // Control: what does change the config changes the bytes.
    writeFileSync(join(copy, 'Pulumi.staging.yaml'), original.replace('why: on call', 'why: on duty'));
    expect((await inCopy('plan', 'staging', '--json')).stdout).not.toBe(first.stdout);
    writeFileSync(join(copy, 'Pulumi.staging.yaml'), original);
  });
});

/** At least one fault of each section and each kind: missing, misspelt, malformed, out of range, unknown, in conflict. */
const FAULTY = `
config:
  site-mesh:network: { name: Acme!, supernet: 10.78.0.1/16, domain: nodots }
  site-mesh:ssh: { user: ops, from: [0.0.0.0/0], publicKey: ssh-ed25519 AAAA, hcloudToken: sentinel-secret }
  site-mesh:sites:
    eu-fra:
      cloud: hetzner
      locaton: fsn1
      cidr: 10.78.10.0/24
      routers:
        - { name: fra-edge-01, lan: 10.78.10.2 }
        - { name: fra-edge-02, lan: 10.78.10.2 }
      hosts: [{ name: fra-db-01, lan: 10.79.10.10, roles: [db] }]
  site-mesh:groups: { sre: [grace] }
  site-mesh:services: { ssh: { on: ['role:routr'], ports: [tcp/65536] } }
  site-mesh:access:
    - { from: ['group:ser'], to: shh, why: ' ' }
  site-mesh:acess: []
`;
const PATHS = [
  'access[0].from[0]',
  'access[0].to',
  'access[0].why',
  'acess',
  'groups.sre[0]',
  'network.domain',
  'network.name',
  'network.supernet',
  'services.ssh.on[0]',
  'services.ssh.ports[0]',
  'sites.eu-fra.hosts[0].lan',
  'sites.eu-fra.location',
  'sites.eu-fra.locaton',
  'sites.eu-fra.routers[1].lan',
  'ssh.from[0]',
  'ssh.hcloudToken',
  'ssh.publicKey',
  'tailnet',
];

describe('a stack file with faults', () => {
  test.each([['plan'], ['env'], ['try']])(
    'stops mesh %s with every fault at once: path, value, what is wrong, remedy; nothing is created',
    async (command) => {
      const args = command === 'try' ? ['try', '--stack', 'faulty', '--fresh'] : [command, 'faulty'];
      const ended = await withStack('faulty', FAULTY, () => inCopy(...args));
      expect(ended.code, ended.text).toBe(2);
      const told = [...ended.stderr.matchAll(/^ {2}site-mesh:(\S+) = (.+)\n {4}(.+)\n {4}→ (.+)$/gm)];
      expect(told.map(([, path]) => path)).toEqual(PATHS);
      expect(ended.stderr).toContain('site-mesh:access[0].to = shh');
      expect(ended.stderr).toContain('did you mean location?');
      expect(ended.stderr).not.toContain('sentinel-secret');
      await expectUntouched();
    },
  );

  test.each([
    ['an indent that does not fit', 'config:\n  a: 1\n b: 2\n', /at line 3, column 1/],
    ['a key twice', 'config:\n  a: 1\n  a: 2\n', /unique at line 3, column 3/],
    ['a bracket that nobody closes', 'config: { a: [1, 2 }\n', /at line 1, column 20/],
    ['an alias without its anchor', 'config:\n  a: *other\n', /other/],
    ['no config', 'encryptionsalt: x\n', /no "config:" section/],
  ])('that is not YAML, or no stack file (%s), is told with line and column', async (_, text, says) => {
    const ended = await withStack('broken', text, () => inCopy('plan', 'broken'));
    expect(ended.code, ended.text).toBe(2);
    expect(ended.stderr).toMatch(/^mesh: Pulumi\.broken\.yaml /);
    expect(ended.stderr).toMatch(says);
    expect(ended.stderr).not.toMatch(/ at .*\.(ts|js):\d+/);
  });
});

describe('a command line that is wrong', () => {
  test.each([
    [['pln', 'staging'], /unknown command 'pln'\n\(Did you mean plan\?\)/],
    [['plan', 'staging', '--jsn'], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    [['lab', 'dwn'], /Did you mean down\?/],
    [['plan'], /missing required argument 'stack'/],
    [['plan', 'stagin'], /there is no Pulumi\.stagin\.yaml\. Known here: prod, staging/],
    [['env', '../staging'], /is not known.*Known here: prod, staging/],
    [['try', '--stack', 'production'], /there is no Pulumi\.production\.yaml/],
    [['check', 'stagin'], /there is no Pulumi\.stagin\.yaml/],
    [['check'], /no stack to check: name one/],
    [['check', 'staging', '--all'], /one of the two/],
    [['check', 'staging', '--now', '2027-02-30'], /no day of the calendar/],
    [['plan', 'staging', '--now', 'tomorrow'], /write YYYY-MM-DD/],
    [['cost', 'stagin'], /there is no Pulumi\.stagin\.yaml/],
    [['graph', 'staging', '--format', 'png'], /png/],
    [['credentials'], /missing required argument 'stack'/],
    [['lab', 'fault', 'set', 'no-anser'], /no fault "no-anser"; there are: .*no-answer/],
    [[], /Usage: mesh/],
  ])('mesh %j exits 2 with a hint and touches nothing', async (args, says) => {
    const ended = await inCopy(...args);
    expect(ended.code, ended.text).toBe(2);
    expect(ended.stderr).toMatch(says);
    await expectUntouched();
  });
});

describe('help', () => {
  test.each([
    [['--help'], /npm run try/],
    [['plan', '--help'], /mesh plan staging --json/],
    [['env', '--help'], /eval "\$\(mesh env staging\)"/],
    [['lab', '--help'], /mesh lab up && mesh lab status/],
    [['lab', 'fault', '--help'], /mesh lab fault set flip-byte fra-edge-02/],
  ])('of mesh %j has an example and the exit codes', async (args, example) => {
    const ended = await inCopy(...args);
    expect(ended.code).toBe(0);
    expect(ended.stdout.slice(ended.stdout.indexOf('Example'))).toMatch(example);
    for (const code of [0, 1, 2, 3, 4, 130]) expect(ended.stdout).toMatch(new RegExp(`^  ${code} +\\w`, 'm'));
  });

  test('every mesh command of the README and of the help exists', async () => {
    const help = (await inCopy('--help')).stdout + (await inCopy('lab', '--help')).stdout;
    const text = readFileSync(join(TREE, 'README.md'), 'utf8') + help.slice(help.indexOf('Examples'));
    const lines = [...text.matchAll(/(?:^|`|\(|npx |bin\/)mesh ((?:[a-z][a-z-]*(?: |$|`|\)))+)/gm)].map(([, words]) =>
      (words ?? '').replaceAll(/[`)]/g, '').trim().split(' '),
    );
    // The words up to the first that is no command: `lab fault set no-answer` → `lab fault set`.
    const commands = new Set(
      lines.map((words) => words.slice(0, words[0] === 'lab' ? (words[1] === 'fault' ? 3 : 2) : 1).join(' ')),
    );
    expect(commands.size).toBeGreaterThanOrEqual(4);
    for (const command of commands) {
      const ended = await inCopy(...command.split(' '), '--help');
      expect(ended.code, command).toBe(0);
      expect(ended.stdout, command).toContain(`Usage: mesh ${command}`);
    }
  });
});
