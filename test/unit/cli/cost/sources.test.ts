import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { former } from '../../../../cli/cost/against.ts';
import { fromLab } from '../../../../cli/cost/lab.ts';
import { configuredEndpoint, fromEnvironment, fromStack } from '../../../../cli/cost/tokens.ts';
import { EXIT } from '../../../../cli/exit.ts';
import { program } from '../../../../cli/program.ts';
import { ensureTenant } from '../../../../lab/api/tenants.ts';
import { labDown, labUp } from '../../../../lab/control.ts';
import type { Credential } from '../../../../mesh/config/credentials.ts';
import { sites, stackText } from './fixtures.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-cost-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const TOKEN: Credential = { what: 'Hetzner Cloud token', key: 'hcloud:token', variable: 'HCLOUD_TOKEN', scopes: '' };
const FRA: Credential = { ...TOKEN, what: 'Hetzner Cloud token of account fra', key: 'site-mesh:accountTokens.fra' };

describe('tokens of a stack', () => {
  const answering = (code: number, stdout: string, stderr = '') => {
    const asked: string[] = [];
    const access = fromStack(
      {},
      (args) => Promise.resolve({ code, stdout, stderr, asked: asked.push(args.join(' ')) }),
      'prod',
    );
    return { access, asked };
  };

  test('are decrypted one at a time, by key or by path', async () => {
    const { access, asked } = answering(0, 'the-token\n');
    expect(await access.token(TOKEN, 'hetzner')).toBe('the-token');
    expect(await access.token(FRA, 'hetzner')).toBe('the-token');
    expect(asked).toEqual([
      'config get hcloud:token --stack prod --non-interactive',
      'config get --path site-mesh:accountTokens["fra"] --stack prod --non-interactive',
    ]);
  });

  test('that are not there are told with the command that sets them; what the engine says otherwise is passed on', async () => {
    const missing = answering(255, '', "error: configuration key 'hcloud:token' not found for stack 'prod'\n").access;
    await expect(missing.token(TOKEN, 'hetzner')).rejects.toMatchObject({
      code: EXIT.usage,
      message: 'stack prod has no Hetzner Cloud token: pulumi config set --secret hcloud:token --stack prod',
    });
    await expect(answering(0, '\n').access.token(FRA, 'hetzner')).rejects.toThrow(`pulumi config set --secret --path 'site-mesh:accountTokens["fra"]' --stack prod`); // prettier-ignore
    const locked = answering(255, '', 'error: incorrect passphrase').access;
    await expect(locked.token(TOKEN, 'hetzner')).rejects.toMatchObject({ code: EXIT.failed, message: expect.stringContaining('incorrect passphrase') as string }); // prettier-ignore
  });

  test('come from the environment where the stack says so', async () => {
    const access = fromEnvironment({}, { HCLOUD_TOKEN: 'from-there' });
    expect(await access.token(TOKEN, 'hetzner')).toBe('from-there');
    expect(() => access.token({ ...TOKEN, variable: 'HCLOUD_TOKEN_FRA' }, 'hetzner')).toThrow('set HCLOUD_TOKEN_FRA in the environment'); // prettier-ignore
  });

  test('are sent where the plugins of the stack send theirs', () => {
    const config = { 'hcloud:endpoint': 'http://h/v1', 'digitalocean:apiEndpoint': 'http://d' };
    expect([configuredEndpoint(config, 'hetzner'), configuredEndpoint(config, 'digitalocean')]).toEqual(['http://h/v1', 'http://d']); // prettier-ignore
    expect([configuredEndpoint({}, 'hetzner'), configuredEndpoint(config, 'existing')]).toEqual([undefined, undefined]);
  });
});

describe('the lab as a source of prices', () => {
  test('must be there, run and know the stack; then it has a token for every account, at its own API', async () => {
    await expect(fromLab(dir, 'prod', {})).rejects.toMatchObject({ code: EXIT.lab });
    const { tenant } = await ensureTenant(dir, 'prod', 'acme-prod', { accounts: ['fra'] });
    await expect(fromLab(dir, 'prod', {})).rejects.toThrow('mesh env prod');
    const lab = await labUp(dir);
    try {
      await expect(fromLab(dir, 'other', {})).rejects.toThrow('does not know the stack other');
      const config = { 'site-mesh:sites': { 'eu-fra': { cloud: 'hetzner', account: 'fra' } } };
      const access = await fromLab(dir, 'prod', config);
      expect(access.endpoint('hetzner')).toBe(lab.hcloudEndpoint);
      expect(await access.token(TOKEN, 'hetzner')).toBe(tenant.hcloudToken);
      expect(await access.token(FRA, 'hetzner')).toBe(tenant.accounts.fra?.hcloudToken);
      const none = await fromLab(dir, 'prod', {});
      expect(() => none.token(FRA, 'hetzner')).toThrow('the lab has no account');
    } finally {
      await labDown(dir);
    }
  });
});

describe('a former stack', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: dir, stdio: 'pipe' });
  const tree = (): string => join(dir, 'infra');

  /** A repository in which the tree is a folder: first without the stack, then with it, then with one site less. */
  function repository(): void {
    git('init', '-q', '-b', 'main');
    mkdirSync(tree());
    writeFileSync(join(tree(), 'README'), 'x');
    git('add', '.');
    git('commit', '-qm', 'empty');
    writeFileSync(join(tree(), 'Pulumi.test.yaml'), stackText(sites()));
    git('add', '.');
    git('commit', '-qm', 'three sites');
    const fewer = Object.fromEntries(Object.entries(sites()).filter(([name]) => name !== 'eu-gra'));
    writeFileSync(join(tree(), 'Pulumi.test.yaml'), stackText(fewer));
    git('commit', '-qam', 'two sites');
  }
  const siteNames = (config: Record<string, unknown> | undefined): string[] =>
    Object.keys(config?.['site-mesh:sites'] ?? {});

  test('is the stack file at a commit, or none where there was none', async () => {
    repository();
    expect(siteNames((await former('test', 'HEAD', tree())).file?.config)).toHaveLength(2);
    expect(siteNames((await former('test', 'HEAD~1', tree())).file?.config)).toHaveLength(3);
    expect(await former('test', 'main~2', tree())).toEqual({ told: 'main~2' });
  });

  test('or another file', async () => {
    const path = join(dir, 'other.yaml');
    writeFileSync(path, stackText(sites()));
    expect(siteNames((await former('test', path, dir)).file?.config)).toHaveLength(3);
    writeFileSync(path, 'config: [');
    await expect(former('test', path, dir)).rejects.toThrow('other.yaml is not valid YAML');
  });

  test.each(['nowhere', '--output=x', 'HEAD:infra', ''])('%j is neither', async (against) => {
    repository();
    await expect(former('test', against, tree())).rejects.toMatchObject({ code: EXIT.usage });
  });
});

describe('mesh cost', () => {
  test('refuses what it cannot compare with, and a lab that is not there, before anything is asked', async () => {
    const mesh = (...args: string[]) => program().parseAsync(['node', 'mesh', 'cost', ...args]);
    await expect(mesh('stagin')).rejects.toMatchObject({ code: EXIT.usage });
    await expect(mesh('staging', '--against', 'no-such-commit')).rejects.toThrow('neither a file nor a commit');
    const before = process.env.MESH_LAB_DIR;
    process.env.MESH_LAB_DIR = dir;
    try {
      await expect(mesh('staging', '--lab')).rejects.toMatchObject({ code: EXIT.lab });
    } finally {
      if (before === undefined) delete process.env.MESH_LAB_DIR;
      else process.env.MESH_LAB_DIR = before;
    }
  });
});
