import { describe, expect, it, test } from 'vitest';
import { prodBackups, prodLocked, prodProtected } from '../../../policies/protection.ts';
import { ask, UNKNOWN, type Asked } from './ask.ts';

const SERVER = 'hcloud:index/server:Server';
const DROPLET = 'digitalocean:index/droplet:Droplet';

describe('protection by the engine', () => {
  it.each([
    SERVER,
    DROPLET,
    'hcloud:index/network:Network',
    'hcloud:index/volume:Volume',
    'digitalocean:index/vpc:Vpc',
    'digitalocean:index/volume:Volume',
    'mesh:index:TailnetPolicy',
    'tailscale:index/acl:Acl',
  ])('is wanted in production for %s, and nowhere else', async (type) => {
    const open: Asked = { type, props: {} };
    const { refused } = await ask(prodProtected, open);
    expect(refused).toEqual([expect.stringMatching(/^opts\.protect: .*protect: true.*mesh unprotect/)]);
    expect(await ask(prodProtected, { ...open, protect: true })).toEqual({ refused: [] });
    expect(await ask(prodProtected, open, { stack: 'staging' })).toEqual({ refused: [] });
    const config = { stacks: ['prod', 'prod-eu'] };
    expect((await ask(prodProtected, open, { stack: 'prod-eu', config })).refused).toHaveLength(1);
  });

  it('is not wanted for what is made anew in minutes', async () => {
    for (const type of ['hcloud:index/firewall:Firewall', 'mesh:index:TailnetNode', 'mesh:index:HostRelease'])
      expect(await ask(prodProtected, { type, props: {} })).toEqual({ refused: [] });
  });

  it('is known in every preview: unknown values stand in no way', async () => {
    const later: Asked = { type: DROPLET, props: { backups: UNKNOWN, name: UNKNOWN } };
    expect((await ask(prodProtected, later)).refused).toHaveLength(1);
    expect(await ask(prodProtected, { ...later, protect: true })).toEqual({ refused: [] });
  });
});

describe('the lock at the cloud', () => {
  const server = (props: Asked['props']): Asked => ({ type: SERVER, props });
  it('is wanted in production: both of a server, the one of what can only be deleted', async () => {
    expect((await ask(prodLocked, server({}))).refused).toEqual([
      expect.stringMatching(/^deleteProtection: /),
      expect.stringMatching(/^rebuildProtection: /),
    ]);
    expect((await ask(prodLocked, server({ deleteProtection: true, rebuildProtection: false }))).refused).toHaveLength(
      1,
    );
    expect(await ask(prodLocked, server({ deleteProtection: true, rebuildProtection: true }))).toEqual({ refused: [] });
    expect((await ask(prodLocked, { type: 'hcloud:index/volume:Volume', props: {} })).refused).toHaveLength(1);
    expect(await ask(prodLocked, server({}), { stack: 'staging' })).toEqual({ refused: [] });
  });
  it('that is not known yet is an advisory', async () => {
    const { refused, unknown } = await ask(prodLocked, server({ deleteProtection: UNKNOWN, rebuildProtection: false }));
    expect(refused).toEqual([expect.stringContaining('rebuildProtection')]);
    expect(unknown).toContain('deleteProtection');
  });
});

test.each([SERVER, DROPLET])('backups of %s are bought in production, or somebody said why not', async (type) => {
  const server: Asked = { type, props: {}, name: 'fra-edge-01' };
  expect((await ask(prodBackups, server)).refused).toEqual([expect.stringMatching(/^backups: .*backups: true/)]);
  expect(await ask(prodBackups, { ...server, props: { backups: true } })).toEqual({ refused: [] });
  expect(await ask(prodBackups, server, { stack: 'staging' })).toEqual({ refused: [] });
  expect((await ask(prodBackups, { ...server, props: { backups: UNKNOWN } })).unknown).toContain('.backups');
  const config = { exceptions: [{ resource: '*-edge-*', reason: 'routers hold no data' }] };
  expect(await ask(prodBackups, server, { config })).toEqual({ refused: [] });
  expect((await ask(prodBackups, { ...server, name: 'fra-db-01' }, { config })).refused).toHaveLength(1);
});
