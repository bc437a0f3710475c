import { beforeAll, describe, expect, test } from 'vitest';
import { ancestors, one, Secret, type Recording, type Registration } from './record.ts';
import { recordProd, SENTINELS, sitesWith, stackConfig } from './staging.ts';
import { pairFaults } from './order.ts';

const COMMAND = 'command:remote:Command';
const commands = ({ resources }: Recording): Registration[] => resources.filter(({ type }) => type === COMMAND);
const names = (recording: Recording): string[] =>
  commands(recording)
    .map(({ name }) => name)
    .sort();

let prod: Recording;
/** production with three commands on the New York site and one on an existing router. */
let busy: Recording;
beforeAll(async () => {
  prod = await recordProd();
  const change = sitesWith('prod', (sites) => ({
    'us-nyc': {
      ...sites['us-nyc'],
      commands: {
        'b-second': { run: 'echo second', timeout: 30 },
        'a-first': { run: 'echo first' },
        'c-hosts': { run: 'echo hosts', on: 'hosts' },
      },
    },
    'eu-gra': {
      ...sites['eu-gra'],
      routers: (sites['eu-gra']?.routers ?? []).map((router) => ({ ...router, commands: { tidy: { run: 'true' } } })),
    },
  }));
  busy = await recordProd(stackConfig('prod', change));
});

describe('a command of the user’s own', () => {
  test('is exactly one line with its time and name; the script goes on stdin and nothing is logged', () => {
    const { inputs, deleteBeforeReplace, ignoreChanges } = one(prod, COMMAND, 'nyc-edge-01.journal-limit');
    const { connection, ...rest } = inputs;
    expect(rest).toEqual({
      create: 'timeout -k 10 600 sh -eu -s # journal-limit',
      stdin: expect.stringContaining('SystemMaxUse=200M') as string,
      addPreviousOutputInEnv: false,
      logging: 'none',
    });
    expect([deleteBeforeReplace, ignoreChanges]).toEqual([false, []]);
    expect(connection).toBeInstanceOf(Secret);
    expect(one(busy, COMMAND, 'nyc-edge-01.b-second').inputs.create).toBe('timeout -k 10 30 sh -eu -s # b-second');
  });

  test('goes over the pinned connection: the key that the release recorded, through the jump host', () => {
    const { connection } = one(prod, COMMAND, 'nyc-edge-01.journal-limit').inputs as { connection: Secret };
    expect(connection.value).toMatchObject({
      host: '203.0.113.51',
      port: 22,
      user: 'ops',
      privateKey: SENTINELS.sshPrivateKey,
      hostKey: 'ssh-ed25519 nyc-edge-01',
      dialErrorLimit: 3,
      proxy: { host: '127.0.0.1', port: 2222, user: 'jump', privateKey: SENTINELS.jumpPrivateKey, dialErrorLimit: 3 },
    });
    expect(connection.value).not.toHaveProperty('via');
  });

  test('on an existing host goes to its own port and login', () => {
    const { connection } = one(busy, COMMAND, 'gra-edge-02.tidy').inputs as { connection: Secret };
    expect(connection.value).toMatchObject({ host: '198.51.100.11', port: 2222, user: 'debian' });
  });

  test('without a jump host has no proxy', async () => {
    const { config, secretConfig } = stackConfig('prod');
    const { via, ...ssh } = JSON.parse(config['site-mesh:ssh'] ?? '') as { via: unknown };
    expect(via).toBeDefined();
    const direct = await recordProd({ config: { ...config, 'site-mesh:ssh': JSON.stringify(ssh) }, secretConfig });
    const { connection } = one(direct, COMMAND, 'nyc-edge-01.journal-limit').inputs as { connection: Secret };
    expect(connection.value).not.toHaveProperty('proxy');
  });
});

describe('commands', () => {
  test('are made where the stack says, and nowhere else', () => {
    expect(names(prod)).toEqual(['nyc-edge-01.journal-limit', 'nyc-edge-02.journal-limit']);
    expect(names(busy)).toEqual([
      'gra-edge-01.tidy',
      'gra-edge-02.tidy',
      'nyc-edge-01.a-first',
      'nyc-edge-01.b-second',
      'nyc-edge-02.a-first',
      'nyc-edge-02.b-second',
      'nyc-infra-01.a-first',
      'nyc-infra-01.b-second',
      'nyc-infra-01.c-hosts',
    ]);
  });

  test('run one after the other by name, once the host is configured and has joined', () => {
    const waits = (name: string): string[] =>
      [...ancestors(busy, one(busy, COMMAND, name))].map((urn) => urn.split('::').at(-1) ?? '');
    expect(waits('nyc-infra-01.c-hosts')).toEqual(
      expect.arrayContaining(['nyc-infra-01.a-first', 'nyc-infra-01.b-second']),
    );
    expect(waits('nyc-infra-01.b-second')).toContain('nyc-infra-01.a-first');
    expect(waits('nyc-infra-01.a-first').filter((name) => name.includes('.'))).toEqual([]);
    for (const each of commands(busy)) {
      const [host = ''] = each.name.split('.');
      expect(ancestors(busy, each)).toContain(one(busy, 'mesh:index:TailnetNode', host).urn);
      expect(each.parent).toBe(one(busy, 'site-mesh:index:Host', host).urn);
    }
  });

  test('of router A have ended before anything of router B is touched', () => {
    for (const site of ['nyc', 'gra']) expect(pairFaults(busy, `${site}-edge-01`, `${site}-edge-02`)).toEqual([]);
    const server = ancestors(busy, one(busy, 'digitalocean:index/droplet:Droplet', 'nyc-edge-02'));
    expect(server).toContain(one(busy, COMMAND, 'nyc-edge-01.b-second').urn);
    // Another host of the site goes its own way.
    const other = ancestors(busy, one(busy, 'digitalocean:index/droplet:Droplet', 'nyc-infra-01'));
    expect([...other].filter((urn) => urn.includes('nyc-edge'))).toEqual([]);
  });

  test('of hosts whose names and commands run together are two', async () => {
    const change = sitesWith('prod', (sites) => ({
      'ap-sin': {
        ...sites['ap-sin'],
        hosts: [
          { name: 'sin', commands: { 'app-tidy': { run: 'true' } } },
          { name: 'sin-app', roles: ['app'], commands: { tidy: { run: 'true' } } },
        ],
      },
    }));
    const recording = await recordProd(stackConfig('prod', change));
    expect(names(recording)).toEqual(expect.arrayContaining(['sin-app.tidy', 'sin.app-tidy']));
  });
});
