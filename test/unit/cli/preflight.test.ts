import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CliError, EXIT } from '../../../cli/exit.ts';
import { meshConfig } from '../../../cli/mesh-config.ts';
import { readKeys, type KeySource } from '../../../cli/preflight/keys.ts';
import { lookAt } from '../../../cli/preflight/look.ts';
import { existingNames, targetsOf, type Target } from '../../../cli/preflight/targets.ts';
import { renderLooks } from '../../../cli/render/preflight.ts';
import { readStackFile } from '../../../cli/stack-file.ts';
import { planMesh } from '../../../mesh/plan/index.ts';
import type { Finding } from '../../../mesh/host/preflight.ts';
import { FakeHost, NOTHING, connection } from '../provider/fakes.ts';
import { NOW } from '../../now.ts';

const plan = planMesh(meshConfig(readStackFile('prod')), { stack: 'prod', now: NOW });
const keys = { ssh: 'KEY', jump: 'JUMP' };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-keys-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the hosts of a preflight', () => {
  test('are the existing ones that somebody logs in to, reached as the stack says', () => {
    expect(existingNames(plan)).toEqual(['gra-edge-01', 'gra-edge-02']);
    const [, second] = targetsOf(plan, keys);
    expect(second).toMatchObject({
      name: 'gra-edge-02',
      lan: '10.77.40.3',
      lanPrefix: '10.77.40.0/24',
      accepts: [],
      connection: { host: '198.51.100.11', port: 2222, user: 'debian', privateKey: 'KEY' },
    });
    expect(Object.keys(second?.release.packages ?? {})).toEqual(['tailscale']);
  });

  test('are reached through the jump host of the stack where it has one, with its key', () => {
    const via = { host: '192.0.2.1', port: 22, user: 'jump', hostKey: 'ssh-ed25519 AAAA' };
    const [first] = targetsOf({ ...plan, ssh: { ...plan.ssh, via } }, keys);
    expect(first?.connection.via).toEqual({ ...via, privateKey: 'JUMP' });
  });
});

describe('the deploy key', () => {
  /** A CLI that knows one config key. */
  function pulumi(known: string, value: string): KeySource {
    const path = join(dir, 'pulumi');
    writeFileSync(path, `#!/bin/sh\n[ "$3" = site-mesh:${known} ] && [ "$5" = prod ] || exit 255\necho '${value}'\n`);
    chmodSync(path, 0o755);
    return { stack: 'prod', from: 'stack', environment: {}, cli: () => Promise.resolve(path) };
  }
  const failure = async (source: KeySource): Promise<CliError> => {
    const thrown: unknown = await readKeys(source).catch((error: unknown) => error);
    if (thrown instanceof CliError) return thrown;
    throw new Error('expected a CliError');
  };

  test('is what pulumi decrypts, and opens jump hosts too where they have none of their own', async () => {
    expect(await readKeys(pulumi('sshPrivateKey', 'SECRET'))).toEqual({ ssh: 'SECRET\n', jump: 'SECRET\n' });
  });

  test('that is nowhere is a fault of usage that says where it could be', async () => {
    const error = await failure(pulumi('somethingElse', 'SECRET'));
    expect(error.code).toBe(EXIT.usage);
    expect(error.message).toMatch(/pulumi config get site-mesh:sshPrivateKey.*MESH_SSH_PRIVATE_KEY_FILE/);
  });

  test('comes from the environment where the stack says so, and no pulumi is asked', async () => {
    const cli = () => Promise.reject(new Error('asked'));
    const environment = { MESH_SSH_PRIVATE_KEY: 'A', MESH_JUMP_PRIVATE_KEY: 'B' };
    expect(await readKeys({ stack: 'prod', from: 'environment', environment, cli })).toEqual({ ssh: 'A', jump: 'B' });
    const error = await failure({ stack: 'prod', from: 'environment', environment: {}, cli });
    expect(error.message).toContain('MESH_SSH_PRIVATE_KEY is not set');
  });

  test('is a file where a variable names one, before all else', async () => {
    const file = join(dir, 'deploy');
    writeFileSync(file, 'FROM FILE');
    const source = { ...pulumi('sshPrivateKey', 'SECRET'), environment: { MESH_SSH_PRIVATE_KEY_FILE: file } };
    expect(await readKeys(source)).toEqual({ ssh: 'FROM FILE', jump: 'FROM FILE' });
    const error = await failure({ ...source, environment: { MESH_SSH_PRIVATE_KEY_FILE: join(dir, 'absent') } });
    expect(error.message).toContain('ENOENT');
  });
});

describe('looking at hosts', () => {
  const target = (name: string): Target => ({
    name,
    lan: '10.77.40.2',
    lanPrefix: '10.77.40.0/24',
    release: { files: {}, units: {}, packages: {} },
    connection,
    accepts: ['docker'],
  });
  const refusal: Finding = {
    what: 'ufw',
    severity: 'refuse',
    acceptable: true,
    accepted: false,
    detail: 'ufw is active',
    choice: 'switch it off',
  };
  const look = (host: FakeHost) =>
    lookAt([target('gra-edge-01')], {
      hosts: host.client().hosts,
      tailnet: { name: 'acme' },
      progress: () => undefined,
    });

  test('asks with what the host accepts and our tailnet, and changes nothing', async () => {
    const host = new FakeHost();
    host.findings = [refusal];
    const looks = await look(host);
    expect(host.verbs).toEqual(['preflight']);
    expect(host.preflights[0]?.existing).toEqual({ accepts: ['docker'], tailnet: 'acme' });
    expect(looks).toEqual([{ name: 'gra-edge-01', found: { ...NOTHING, findings: [refusal] } }]);
  });

  test('asks with the control server of our tailnet, where it has one of its own', async () => {
    const host = new FakeHost();
    const tailnet = { name: 'acme', loginServer: 'https://hs.example.com' };
    await lookAt([target('gra-edge-01')], { hosts: host.client().hosts, tailnet, progress: () => undefined });
    expect(host.preflights[0]?.existing).toMatchObject({ tailnet: 'acme', loginServer: 'https://hs.example.com' });
  });

  test('takes a host that does not answer for an answer, and a fault of ours for none', async () => {
    const host = new FakeHost();
    host.reachable = false;
    expect(await look(host)).toEqual([{ name: 'gra-edge-01', error: 'fra-edge-01: connection refused' }]);
    const broken = new FakeHost();
    broken.throws.preflight = [new TypeError('undefined is not a function')];
    await expect(look(broken)).rejects.toThrow(TypeError);
  });

  test('is told per host: what is touched, what is in the way, what is to be known', () => {
    const warning: Finding = { ...refusal, what: 'zerotier', severity: 'warn', acceptable: false };
    const text = renderLooks([
      {
        name: 'a',
        found: { ...NOTHING, findings: [refusal, warning], ours: { tables: ['inet mesh_site'], rules: [] } },
      },
      { name: 'b', found: NOTHING },
      { name: 'c', found: { ...NOTHING, first: false } },
      { name: 'd', error: 'no route to host' },
    ]);
    const [a, b, c, d] = text.split('\n\n');
    expect(a).toContain('lived with by accepts: [ufw]');
    expect(a).toMatch(/To be known:\n {4}zerotier: ufw is active/);
    expect(a).toContain('Under our names already: nft table inet mesh_site');
    expect(b).toMatch(/nothing would be touched\n.*Nothing is in the way/);
    expect(c).toContain('a release of ours is there already');
    expect(d).toMatch(/could not be asked.*no route to host/);
  });
});
