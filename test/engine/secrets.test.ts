import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { officialNames } from '../../lab/plugins/install.ts';
import { Bench } from './bench.ts';

/** The lab's own credentials are the sentinels: random, known to us, and used everywhere that real ones would be. */
let bench: Bench;
let record: string;
beforeAll(async () => {
  bench = await Bench.start();
  record = join(bench.dir, 'spawned.jsonl');
  const env = { NODE_OPTIONS: `--import=${new URL('recorder.mjs', import.meta.url).href}`, MESH_SPAWN_RECORD: record };
  const run = await bench.pulumi(['up', '--yes', '--skip-preview', '--logtostderr', '--logflow', '-v=3'], env);
  expect(run.code, run.text.slice(-3000)).toBe(0);
  verbose = run.text;
});
afterAll(() => bench.stop());
let verbose = '';

function sentinels(): Record<string, string> {
  const { hcloudToken, tailscale } = bench.tenant;
  return {
    hcloudToken,
    oauthClientSecret: tailscale.oauthClientSecret,
    deployKey: keyBody(bench.config.deployKey.privateKey),
    jumpKey: keyBody(bench.config.jump.clientKey.privateKey),
  };
}

/** The middle line of a PEM: unlike the first and the last it is in no other key. */
function keyBody(pem: string): string {
  const lines = pem.trim().split('\n');
  return lines[Math.floor(lines.length / 2)] ?? pem;
}

function expectCredentialsAbsent(text: string, where: string): void {
  for (const [name, value] of Object.entries(sentinels()))
    expect(text.includes(value), `${name} in ${where}`).toBe(false);
  expect(/tskey-auth-[A-Za-z0-9]+/.exec(text)?.[0], `a join key in ${where}`).toBeUndefined();
}

function expectAbsent(text: string, where: string): void {
  expectCredentialsAbsent(text, where);
  expect(text.includes('BEGIN OPENSSH PRIVATE KEY'), `a private key in ${where}`).toBe(false);
}

test('the state holds no secret in plain', async () => {
  const run = await bench.pulumi(['stack', 'export']);
  expect(run.stdout).toContain('mesh:index:TailnetNode');
  expectAbsent(run.stdout, 'the state export');
});

test('control: the same search finds every sentinel where the engine is asked to show secrets', async () => {
  const run = await bench.pulumi(['stack', 'export', '--show-secrets']);
  for (const [name, value] of Object.entries(sentinels())) {
    if (name !== 'oauthClientSecret' || run.stdout.includes('oauthClientSecret'))
      expect(run.stdout.includes(value), name).toBe(true);
  }
});

test('no process was started with a secret in its arguments', async () => {
  const lines = (await readFile(record, 'utf8')).trim().split('\n');
  const started = lines.map((line) => z.object({ how: z.string(), argv: z.array(z.string()) }).parse(JSON.parse(line)));
  const all = started.flatMap((entry) => entry.argv).join('\n');
  // Precondition: the recorder saw our provider, the stand-ins (it sees no Go programs) and the program.
  const standIns = ['hcloud', 'tailscale'].filter((name) => !officialNames().has(name));
  for (const part of [
    'provider/main.ts',
    ...standIns.map((name) => `lab/plugins/${name}.ts`),
    '@pulumi/pulumi/cmd/run',
  ])
    expect(all).toContain(part);
  expectAbsent(all, 'argv');
});

test('the logs at verbosity 3 hold no secret', () => {
  expect(verbose.length).toBeGreaterThan(10_000);
  expectCredentialsAbsent(verbose, 'the verbose log');
  // The official digitalocean plugin logs what it creates, and so user_data with the bootstrap host key (docs/architecture.md, Tests).
  const told = (line: string): boolean => officialNames().has('digitalocean') && line.includes('Droplet create conf');
  expectAbsent(
    verbose
      .split('\n')
      .filter((line) => !told(line))
      .join('\n'),
    'the verbose log',
  );
});

test('what the lab writes beside its own config holds none of the credentials', async () => {
  for (const file of await readdir(bench.dir)) {
    // The journal is the cloud's own database: it holds the user_data of servers, host keys included, as a cloud does.
    if (file === 'journal.jsonl') expectCredentialsAbsent(await readFile(join(bench.dir, file), 'utf8'), file);
    else if (/\.(log|jsonl)$/.test(file)) expectAbsent(await readFile(join(bench.dir, file), 'utf8'), file);
  }
});

test('after the joins no key of the tailnet opens anything', async () => {
  const keys = z
    .object({ keys: z.array(z.object({ id: z.string() })) })
    .parse(await bench.tailscale('GET', '/tailnet/-/keys'));
  const states = await Promise.all(
    keys.keys.map(async ({ id }) =>
      z
        .object({ invalid: z.boolean().optional(), keyType: z.string().optional() })
        .parse(await bench.tailscale('GET', `/tailnet/-/keys/${id}`)),
    ),
  );
  expect(states.filter((key) => key.keyType === 'auth').every((key) => key.invalid === true)).toBe(true);
});

test('a resize, with the drain before it, logs no secret at verbosity 3', async () => {
  await bench.edit((config) => {
    const sites = z.record(z.string(), z.record(z.string(), z.unknown())).parse(config['site-mesh:sites']);
    config['site-mesh:sites'] = { ...sites, 'eu-fra': { ...sites['eu-fra'], serverType: 'cx33' } };
  });
  const run = await bench.pulumi(['up', '--yes', '--skip-preview', '--logtostderr', '--logflow', '-v=3']);
  expect(run.code, run.text.slice(-3000)).toBe(0);
  expect(run.text).toContain('fra-edge-01 was drained');
  expectAbsent(run.text, 'the verbose log of a resize');
  expectAbsent((await bench.pulumi(['stack', 'export'])).stdout, 'the state after it');
});
