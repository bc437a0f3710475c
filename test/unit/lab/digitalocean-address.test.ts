import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSshd } from '../../../lab/sshd/index.ts';
import { at, startCloud, type Cloud } from './cloud.ts';
import { DROPLET, makeOcean } from './ocean.ts';
import { drive, jumpHostKey, jumpKey, memoryTailnet, userData } from './sshd-fixtures.ts';

let cloud: Cloud;
let now: number;
beforeEach(async () => {
  now = Date.parse('2026-11-22T12:00:00Z');
  cloud = await startCloud({ actionMs: 40, clock: () => now });
});
afterEach(() => cloud.close());
const settle = () => (now += 1000);

const status = async (method: string, path: string, body?: unknown) => (await cloud.ocean(method, path, body)).status;
async function makeDroplet(part: object = {}): Promise<string> {
  const id = await makeOcean(cloud, 'droplets', { ...DROPLET, ...part });
  settle();
  return id;
}
const makeIp = async (region = 'sgp1') =>
  String(at((await cloud.ocean('POST', '/reserved_ips', { region })).json, 'reserved_ip.ip'));
/** The message of a refusal, or ok; the action has ended when it returns. */
const act = async (ip: string, body: object) => {
  const answer = await cloud.ocean('POST', `/reserved_ips/${ip}/actions`, body);
  settle();
  return answer.status === 201 ? 'ok' : String(answer.json.message);
};
const assign = (ip: string, droplet: string) => act(ip, { type: 'assign', droplet_id: Number(droplet) });
const holder = async (ip: string) =>
  at((await cloud.ocean('GET', `/reserved_ips/${ip}`)).json, 'reserved_ip.droplet.id');

describe('a reserved address', () => {
  it('comes from another part of the documentation range than droplets’ own', async () => {
    const droplet = await makeDroplet();
    const own = String(at((await cloud.ocean('GET', `/droplets/${droplet}`)).json, 'droplet.networks.v4.0.ip_address'));
    const ip = await makeIp();
    expect([own, ip].map((address) => Number(/^192\.0\.2\.(\d+)$/.exec(address)?.[1]) >= 200)).toEqual([false, true]);
    expect((await cloud.ocean('GET', `/reserved_ips/${ip}`)).json).toMatchObject({
      reserved_ip: { ip, region: { slug: 'sgp1' }, droplet: null, locked: false },
    });
  });

  it('leads to the droplet that has it, beside the droplet’s own address', async () => {
    const [first, second] = [await makeDroplet(), await makeDroplet({ name: 'sin-app-02' })];
    const ip = await makeIp();
    const reached = () => cloud.compute.byPublicAddress(ip, 22)?.id;
    expect(reached()).toBeUndefined();
    expect(await assign(ip, first)).toBe('ok');
    expect(reached()).toBe(`digitalocean-${first}`);
    const { json } = await cloud.ocean('GET', `/droplets/${first}`);
    const publics = (at(json, 'droplet.networks.v4') as { ip_address: string; type: string }[]).filter(
      (entry) => entry.type === 'public',
    );
    // Its own first: that is the one that clients take.
    expect(publics.map((entry) => entry.ip_address)).toEqual([expect.stringMatching(/^192\.0\.2\.\d+$/), ip]);
    expect(cloud.compute.byPublicAddress(publics[0]?.ip_address ?? '', 22)?.id).toBe(`digitalocean-${first}`);
    expect(await assign(ip, second)).toBe('ok');
    expect([reached(), await holder(ip)]).toEqual([`digitalocean-${second}`, Number(second)]);
    expect(await act(ip, { type: 'unassign' })).toBe('ok');
    expect([reached(), await holder(ip)]).toEqual([undefined, undefined]);
  });

  it('takes SSH, and so does the droplet’s own', async () => {
    const droplet = await makeDroplet({ user_data: userData });
    const [ip, spare] = [await makeIp(), await makeIp()];
    await assign(ip, droplet);
    const own = cloud.compute.all()[0]?.publicAddress ?? '';
    const { store, faults, compute } = cloud;
    const jump = { hostKeyPrivate: jumpHostKey.private, authorizedPublicKey: jumpKey.public, user: 'lab' };
    const sshd = await startSshd({ port: 0, compute, nodes: memoryTailnet(), store, faults, clock: () => now, jump });
    try {
      for (const address of [own, ip]) {
        const host = await drive({ sshd }, { address });
        expect((await host.run('facts')).json).toMatchObject({
          hostname: DROPLET.name,
          interfaces: { public: { address: own }, lan: { address: '10.104.0.2' } },
        });
        host.login.close();
      }
      await expect(drive({ sshd }, { address: spare })).rejects.toThrow('Channel open failure');
    } finally {
      await sshd.close();
    }
  });

  it('is refused where the service refuses it', async () => {
    const [droplet, far, lonely] = [
      await makeDroplet(),
      await makeDroplet({ region: 'fra1' }),
      await makeDroplet({ public_networking: false }),
    ];
    const [ip, other] = [await makeIp(), await makeIp()];
    expect(await act(ip, { type: 'unassign' })).toContain('not assigned');
    expect(await assign(ip, far)).toContain('same region');
    expect(await assign(ip, lonely)).toContain('no public networking');
    expect(await assign(ip, '4711')).toContain('could not be found');
    expect(await assign(ip, droplet)).toBe('ok');
    expect(await assign(ip, droplet)).toContain('already assigned');
    expect(await assign(other, droplet)).toContain('already has a reserved IP');
    expect(await status('DELETE', `/reserved_ips/${ip}`)).toBe(422);
    expect(await status('POST', '/reserved_ips', { region: 'moon' })).toBe(422);
    expect(await status('POST', '/reserved_ips', { region: 'sgp1' })).toBe(202);
    expect(await status('POST', '/reserved_ips', { region: 'sgp1' })).toBe(422);
    expect(await status('DELETE', `/reserved_ips/${other}`)).toBe(204);
    expect(await status('GET', `/reserved_ips/${other}`)).toBe(404);
  });

  it('keeps address and droplet busy while it moves', async () => {
    const droplet = await makeDroplet();
    const ip = await makeIp();
    const answer = await cloud.ocean('POST', `/reserved_ips/${ip}/actions`, {
      type: 'assign',
      droplet_id: Number(droplet),
    });
    const action = String(at(answer.json, 'action.id'));
    const state = async () =>
      at((await cloud.ocean('GET', `/reserved_ips/${ip}/actions/${action}`)).json, 'action.status');
    expect(await state()).toBe('in-progress');
    const events = (await cloud.ocean('GET', `/droplets/${droplet}/actions?per_page=50`)).json.actions;
    expect(events).toMatchObject([
      { type: 'assign_ip', status: 'in-progress' },
      { type: 'create', status: 'completed' },
    ]);
    expect(await status('POST', `/droplets/${droplet}/actions`, { type: 'power_off' })).toBe(422);
    expect(await status('POST', `/reserved_ips/${ip}/actions`, { type: 'unassign' })).toBe(422);
    settle();
    expect(await state()).toBe('completed');
    expect(await status('GET', `/droplets/${droplet}/actions/${action}`)).toBe(404);
  });

  it('stays where it is when the action ends in error', async () => {
    const droplet = await makeDroplet();
    const ip = await makeIp();
    cloud.faults.set('action-error', DROPLET.name);
    expect(await assign(ip, droplet)).toBe('ok');
    expect(await holder(ip)).toBeUndefined();
    cloud.faults.clear();
    expect(await assign(ip, droplet)).toBe('ok');
    expect(await holder(ip)).toBe(Number(droplet));
  });

  it('outlives its droplet', async () => {
    const droplet = await makeDroplet();
    const ip = await makeIp();
    await assign(ip, droplet);
    await cloud.ocean('DELETE', `/droplets/${droplet}`);
    expect(await holder(ip)).toBeUndefined();
  });
});

describe('projects', () => {
  const PROJECT = { name: 'acme', description: '', purpose: 'Web Application', environment: 'production' };
  const urns = async (project: string) =>
    ((await cloud.ocean('GET', `/projects/${project}/resources`)).json.resources as { urn: string }[]).map(
      (resource) => resource.urn,
    );

  it.each([
    [{ name: '' }, 422],
    [{ name: 'x'.repeat(176) }, 422],
    [{ name: 'first-project' }, 409],
    [{ environment: 'test' }, 422],
    [{ purpose: undefined }, 422],
    [{ environment: '' }, 201],
    [{ purpose: 'one private network' }, 201],
  ])('judge %j as %i', async (part, code) => {
    expect(await status('POST', '/projects', { ...PROJECT, ...part })).toBe(code);
  });

  it('write environments and purposes their own way', async () => {
    const { json } = await cloud.ocean('POST', '/projects', { ...PROJECT, purpose: 'one private network' });
    expect(json).toMatchObject({
      project: { environment: 'Production', purpose: 'Other: one private network', is_default: false },
    });
    const id = String(at(json, 'project.id'));
    const change = { ...PROJECT, environment: 'Staging', is_default: false };
    expect((await cloud.ocean('PATCH', `/projects/${id}`, change)).json).toMatchObject({
      project: { environment: 'Staging', purpose: 'Web Application' },
    });
    expect(await status('PUT', `/projects/${id}`, { name: 'only' })).toBe(422);
  });

  it('hold droplets with their addresses, which move together', async () => {
    const project = await makeOcean(cloud, 'projects', PROJECT);
    const droplet = await makeDroplet();
    const ip = await makeIp();
    await assign(ip, droplet);
    expect(await urns('default')).toEqual([`do:droplet:${droplet}`, `do:floatingip:${ip}`]);
    const move = (to: string, ...resources: string[]) =>
      cloud.ocean('POST', `/projects/${to}/resources`, { resources });
    const alone = await move(project, `do:reservedip:${ip}`);
    expect([alone.status, alone.json.message]).toEqual([412, expect.stringContaining('Move the Droplet instead')]);
    expect((await move(project, `do:droplet:${droplet}`)).json.resources).toMatchObject([{ status: 'assigned' }]);
    expect(await urns(project)).toEqual([`do:droplet:${droplet}`, `do:floatingip:${ip}`]);
    expect((await move('default', 'do:droplet:4711')).json.resources).toMatchObject([{ status: 'not_found' }]);
    for (const urn of ['do:vpc:x', 'droplet:1', 'do:droplet']) expect((await move('default', urn)).status).toBe(422);
    expect(await status('DELETE', `/projects/${project}`)).toBe(412);
    await move('default', `do:droplet:${droplet}`, `do:reservedip:${ip}`);
    expect(await status('DELETE', `/projects/${project}`)).toBe(204);
    expect(await status('GET', `/projects/${project}`)).toBe(404);
  });

  it('have one default, taken over and never deleted', async () => {
    const standard = String(at((await cloud.ocean('GET', '/projects/default')).json, 'project.id'));
    expect(await status('DELETE', `/projects/${standard}`)).toBe(412);
    const project = await makeOcean(cloud, 'projects', PROJECT);
    await cloud.ocean('PATCH', `/projects/${project}`, { is_default: true });
    expect(at((await cloud.ocean('GET', '/projects/default')).json, 'project.id')).toBe(project);
    expect(await status('DELETE', `/projects/${standard}`)).toBe(204);
    expect(await status('DELETE', `/projects/${project}`)).toBe(412);
  });
});
