import { beforeAll, describe, expect, test } from 'vitest';
import { ancestors, one, Secret, type Recording, type Registration } from './record.ts';
import { recordProd, rulesWithout, SENTINELS, sitesWith, stackConfig, type SiteText } from './staging.ts';

let prod: Recording;
beforeAll(async () => {
  prod = await recordProd();
});
const release = (recording: Recording, name: string): Registration => one(recording, 'mesh:index:HostRelease', name);
const about = (recording: Recording, host: string): string[] =>
  recording.resources.filter(({ name }) => name === host).map(({ type }) => type);
/** production with its existing site changed. */
const changed = async (change: (gra: SiteText) => SiteText, rules: object = {}): Promise<Recording> =>
  recordProd(
    stackConfig('prod', {
      ...sitesWith('prod', (sites) => ({ 'eu-gra': change(sites['eu-gra'] ?? {}) })),
      ...rules,
    }),
  );

describe('an existing host', () => {
  test('is named, not bought: it gets a release and a node, and a destroy puts back what was there', () => {
    expect(about(prod, 'gra-edge-01').sort()).toEqual([
      'mesh:index:HostRelease',
      'mesh:index:TailnetNode',
      'site-mesh:index:Host',
    ]);
    expect(release(prod, 'gra-edge-01').inputs).toMatchObject({
      serverId: 'existing:gra-edge-01',
      lan: '10.77.40.2',
      lanPrefix: '10.77.40.0/24',
      lan6: 'fd5a:1c9e:77b0:40::2',
      provisioned: false,
      accepts: [],
    });
    // Nobody but its owner restarts it.
    expect(release(prod, 'gra-edge-01').inputs).not.toHaveProperty('generation');
    expect(one(prod, 'mesh:index:TailnetNode', 'gra-edge-01').inputs).toMatchObject({
      serverId: 'existing:gra-edge-01',
      snat: false,
      advertiseRoutes: ['10.77.40.0/24', 'fd5a:1c9e:77b0:40::/64'],
    });
  });

  test('as opposed to a new server', () => {
    expect(release(prod, 'fra-edge-01').inputs).not.toHaveProperty('lan6');
    expect(release(prod, 'fra-edge-01').inputs.provisioned).toBe(true);
    expect(release(prod, 'sin-app-01').inputs.provisioned).toBe(true);
    expect(about(prod, 'fra-edge-01')).toContain('mesh:index:HostKey');
  });

  test('is dialled as it says, with the key that is written down, then with the one that its release recorded', () => {
    const connection = (type: string, name: string): unknown => one(prod, type, name).inputs.connection;
    const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPMwT6FDpADOD+/v8vm02ARXiPxYscMG68Wnqo1xjaTI';
    expect(connection('mesh:index:HostRelease', 'gra-edge-02')).toEqual({
      host: '198.51.100.11',
      port: 2222,
      user: 'debian',
      privateKey: new Secret(SENTINELS.sshPrivateKey),
      hostKey,
      via: expect.objectContaining({ host: '127.0.0.1', user: 'jump' }) as unknown,
    });
    expect(connection('mesh:index:HostRelease', 'gra-edge-01')).not.toHaveProperty('port');
    expect(connection('mesh:index:TailnetNode', 'gra-edge-02')).toMatchObject({ hostKey: 'ssh-ed25519 gra-edge-02' });
  });

  test('may have a jump host of its own, whose key is the one for jump hosts', async () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPMwT6FDpADOD+/v8vm02ARXiPxYscMG68Wnqo1xjaTI';
    const via = { host: 'bastion.example.com', port: 24, user: 'hop', hostKey: key };
    const recording = await changed((gra) => ({ ...gra, ssh: { user: 'debian', via } }));
    expect(release(recording, 'gra-edge-01').inputs.connection).toMatchObject({
      via: { ...via, privateKey: new Secret(SENTINELS.jumpPrivateKey) },
    });
    // Others go as the stack says.
    expect(release(recording, 'fra-edge-01').inputs.connection).toMatchObject({ via: { host: '127.0.0.1' } });
  });

  test('keeps its sshd as it is, and does not join before the policy stands', () => {
    expect(Object.keys(release(prod, 'gra-edge-01').inputs.files as object).join()).not.toContain('sshd_config');
    expect(Object.keys(release(prod, 'fra-edge-01').inputs.files as object).join()).toContain('sshd_config');
    expect(ancestors(prod, release(prod, 'gra-edge-01'))).toContain(one(prod, 'mesh:index:TailnetPolicy', 'acme').urn);
  });

  test('that nobody logs in to is nothing but an address in the policy and its tests', async () => {
    expect(about(prod, 'gra-nas-01')).toEqual([]);
    expect(
      prod.resources.filter(({ inputs }) => JSON.stringify(inputs).includes('gra-nas-01')).map(({ type }) => type),
    ).toEqual(['mesh:index:TailnetPolicy', 'mesh:index:TailnetTests']);
    const [first] = (await changed((gra) => gra)).resources.filter(({ name }) => name === 'gra-nas-01');
    expect(first).toBeUndefined();
  });

  test('that somebody logs in to gets a release, and a node only as a member', async () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPMwT6FDpADOD+/v8vm02ARXiPxYscMG68Wnqo1xjaTI';
    const nas = (more: object) => (gra: SiteText) => ({
      ...gra,
      hosts: (gra.hosts ?? []).map((host) => ({ ...host, ssh: { host: '198.51.100.12', hostKey: key }, ...more })),
    });
    const plain = await changed(nas({}));
    expect(about(plain, 'gra-nas-01').sort()).toEqual(['mesh:index:HostRelease', 'site-mesh:index:Host']);
    expect(release(plain, 'gra-nas-01').inputs.files).toEqual({});
    // As a member it is beyond the LAN of eu-fra, whose network routes know no 100.x.
    const member = await changed(nas({ member: true }), rulesWithout('prod', 'role:db'));
    expect(about(member, 'gra-nas-01')).toContain('mesh:index:TailnetNode');
  });
});
