import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { clearLinks, cutCable, power, setLink, settled } from '../../../lab/machines/client.ts';
import { Bench, type Run } from '../../engine/bench.ts';
import { DAEMONS, describeWith, MACHINES } from '../requirements.ts';
import { KEEP_ICMP, LOSE_ICMP } from '../../../lab/machines/inside/careless.ts';
import { Inside } from '../../../lab/machines/inside/index.ts';

/** Production's LAN hosts: a Hetzner server, and a plain machine behind somebody's switch that nobody deploys to. */
const DB = { name: 'fra-db-01', address: '10.77.10.10' };
const NAS = { name: 'gra-nas-01', address: '10.77.40.20', address6: 'fd5a:1c9e:77b0:40::20' };
const BACKUP = 873;
const UNLISTED = 874;
/** TCP over the tunnel: 1280 less 40, less 12 for timestamps. */
const SEGMENT = 1228;

describeWith([...MACHINES, ...DAEMONS], 'the production stack on machines', () => {
  let bench: Bench;
  let inside: Inside;
  beforeAll(async () => {
    process.env.MESH_LAB_PACE = '0.01';
    process.env.MESH_LAB_ALIAS_DELAY = '2000';
    bench = await Bench.start('prod', { machines: true });
    inside = new Inside(bench.dir);
    const up = await bench.up();
    expect(up.code, up.text).toBe(0);
    await inside.serve(NAS.name, BACKUP, UNLISTED);
    await inside.serve(DB.name, 5432);
    // The cloud takes its time to move the alias.
    await vi.waitFor(async () => expect(await inside.fetch(DB.name, NAS.address, BACKUP)).toMatchObject({ ok: true }), {
      timeout: 30_000,
    });
  }, 300_000);
  afterAll(async () => {
    inside.close();
    await bench.stop();
    delete process.env.MESH_LAB_PACE;
    delete process.env.MESH_LAB_ALIAS_DELAY;
  });

  /** The router that holds the LAN's way back, and the other one. */
  const pair = (site: 'fra' | 'gra') => inside.pair(`${site}-edge-01`, `${site}-edge-02`);
  const role = (router: string) => inside.role(router);
  const reaches = (host: string, address: string, port: number) => inside.reaches(host, address, port);
  const comes = (what: () => Promise<unknown>, wanted: unknown): Promise<void> =>
    expect.poll(what, { timeout: 40_000, interval: 250 }).toBe(wanted);

  describe('who reaches whom', () => {
    test('a LAN host reaches one of another site on the listed port, and is seen as itself', async () => {
      expect(await inside.fetch(DB.name, NAS.address, BACKUP)).toMatchObject({ ok: true, peer: DB.address });
    });

    test('control: on a port that no rule lists it does not', async () => {
      expect(await reaches(DB.name, NAS.address, UNLISTED)).toBe(false);
    });

    test('nor the other way round: that is another permission', async () => {
      expect(await reaches(NAS.name, DB.address, 5432)).toBe(false);
    });

    test('a member reaches LAN hosts of either kind, over IPv4 and IPv6, and is seen as the router there', async () => {
      expect(await inside.fetch('sin-app-01', DB.address, 5432)).toMatchObject({ ok: true, peer: '10.77.10.2' });
      expect(await reaches('sin-app-01', NAS.address, BACKUP)).toBe(true);
      expect(await reaches('sin-app-01', NAS.address6, BACKUP)).toBe(true);
      expect(await reaches('sin-app-01', NAS.address6, UNLISTED)).toBe(false);
    });

    test('the standby reaches its own LAN; control: without the ip rules its packets enter the tunnel and are lost', async () => {
      const { standby } = await pair('gra');
      expect(await inside.pings(standby, NAS.address)).toBe(true);
      await inside.must(standby, 'systemctl', 'stop', 'site-mesh-rules.service');
      const own = standby.endsWith('1') ? '10.77.40.2' : '10.77.40.3';
      expect(await inside.pings(standby, NAS.address, { from: own })).toBe(false);
      await inside.must(standby, 'systemctl', 'start', 'site-mesh-rules.service');
      expect(await inside.pings(standby, NAS.address, { from: own })).toBe(true);
    });
  });

  describe('a tunnel narrower than its LANs, and firewalls that lose ICMP', () => {
    const routers = ['fra-edge-01', 'fra-edge-02', 'gra-edge-01', 'gra-edge-02'];
    const onRouters = (script: string): Promise<unknown> =>
      Promise.all(routers.map((router) => inside.shell(router, script)));
    const transfer = (side: 'up' | 'down') => inside.fetch(DB.name, NAS.address, BACKUP, { bytes: 200_000, side });
    afterAll(async () => {
      await onRouters(`${KEEP_ICMP} 2>/dev/null || true; systemctl restart site-mesh-nft.service`);
      await clearLinks(bench.dir);
    });

    test('both ways are clamped to what fits the tunnel, and large transfers pass', async () => {
      await onRouters(LOSE_ICMP);
      for (const side of ['up', 'down'] as const) {
        const seen = await transfer(side);
        expect(seen).toMatchObject({ ok: true, bytes: 200_000 });
        expect(Math.max(seen.client_mss ?? 9999, seen.server_mss ?? 9999)).toBeLessThanOrEqual(SEGMENT);
      }
    });

    test('control: without the clamp small ones pass and large ones hang', async () => {
      await onRouters('nft flush chain inet mesh_site mss');
      expect(await inside.fetch(DB.name, NAS.address, BACKUP, { bytes: 100 })).toMatchObject({ ok: true });
      for (const side of ['up', 'down'] as const)
        expect(await transfer(side)).toMatchObject({ connected: true, ok: false });
    });

    test('control: where ICMP is not lost they pass without it too', async () => {
      await onRouters(KEEP_ICMP);
      expect(await transfer('up')).toMatchObject({ ok: true });
      await onRouters('systemctl restart site-mesh-nft.service');
    });

    test('a provider that takes 1472 bytes and says nothing changes nothing: outer packets are smaller', async () => {
      await setLink(bench.dir, ['eu-fra', 'eu-gra'], { mtu: 1472, noIcmpErrors: true });
      expect(await transfer('down')).toMatchObject({ ok: true });
    });
  });

  describe('failure', () => {
    test('ten seconds without a way between two sites: the first packet passes within two seconds after it is back', async () => {
      const probe = inside.probe(DB.name, NAS.address, BACKUP, 18);
      await sleep(1500);
      await setLink(bench.dir, ['eu-fra', 'eu-gra'], { down: true });
      const cut = Date.now();
      await sleep(10_000);
      await clearLinks(bench.dir);
      const down = (Date.now() - cut) / 1000;
      const seen = await probe;
      expect(seen.outages, JSON.stringify(seen)).toHaveLength(1);
      const [from = 0, to = 99] = seen.outages[0] ?? [];
      expect(to - from - down).toBeLessThan(2);
    });

    test('the active router behind a switch dies: a TCP stream through it survives, by its partner', async () => {
      const { active, standby } = await pair('gra');
      const stream = inside.stream(DB.name, NAS.address, BACKUP, 15);
      await sleep(2000);
      await power(bench.dir, active, false);
      expect(await stream).toMatchObject({ ok: true });
      expect(await role(standby)).toBe('primary');
      await power(bench.dir, active, true);
      await settled(bench.dir);
      await comes(() => role(active), 'standby');
    });

    test('control: without the agent on its partner the LAN of the dead router stays dark, until it comes', async () => {
      const { active, standby } = await pair('gra');
      await inside.must(standby, 'systemctl', 'stop', 'site-mesh-agent.service');
      await power(bench.dir, active, false);
      await sleep(12_000);
      expect(await reaches(DB.name, NAS.address, BACKUP)).toBe(false);
      await inside.must(standby, 'systemctl', 'start', 'site-mesh-agent.service');
      await comes(() => reaches(DB.name, NAS.address, BACKUP), true);
      await power(bench.dir, active, true);
      await settled(bench.dir);
      await comes(() => role(active), 'standby');
    });

    test('the active router at Hetzner dies: the alias moves by the API, and a stream from its LAN survives', async () => {
      const { active, standby } = await pair('fra');
      const stream = inside.stream(DB.name, NAS.address, BACKUP, 20);
      await sleep(2000);
      await power(bench.dir, active, false);
      const seen = await stream;
      expect(seen).toMatchObject({ ok: true });
      // The cloud takes its time to move an alias.
      expect(seen.longest).toBeGreaterThan(2);
      expect(await role(standby)).toBe('primary');
      await power(bench.dir, active, true);
      await settled(bench.dir);
      await comes(() => role(active), 'standby');
    });

    test('an active router that loses its internet keeps nothing from its partner: one holder on the LAN', async () => {
      const { active, standby } = await pair('gra');
      await cutCable(bench.dir, active, 'wan', true);
      await comes(() => role(standby), 'primary');
      await comes(() => reaches(DB.name, NAS.address, BACKUP), true);
      const holders = async (): Promise<number> => {
        const shown = await Promise.all(
          [active, standby].map((name) => inside.shell(name, 'ip -4 addr show dev ens4')),
        );
        return shown.filter((text) => text.includes('10.77.40.1/32')).length;
      };
      await comes(holders, 1);
      // The other one believes for two minutes that it is still connected: it must not come back while it hears its partner.
      await sleep(8000);
      expect(await holders()).toBe(1);
      await cutCable(bench.dir, active, 'wan', false);
      await comes(() => role(active), 'standby');
    });
  });

  test('after all of it the stack is as it was', async () => {
    const after = await bench.up('--refresh', '--expect-no-changes');
    expect(after.code, after.text).toBe(0);
  });

  test('a site comes and goes while two others are in the middle of a transfer', async () => {
    const during = async (run: Promise<Run>): Promise<void> => {
      const stream = await inside.stream(DB.name, NAS.address, BACKUP, run);
      expect((await run).code, (await run).text).toBe(0);
      expect(stream, JSON.stringify(stream)).toMatchObject({ ok: true });
      expect(stream.longest).toBeLessThan(2);
    };
    const sites = (change: (sites: Record<string, unknown>) => void): Promise<void> =>
      bench.edit((config) => change(config['site-mesh:sites'] as Record<string, unknown>));
    await sites((all) => {
      all['us-sfo'] = {
        ...{ cloud: 'digitalocean', location: 'sfo3', cidr: '10.77.50.0/24' },
        hosts: [{ name: 'sfo-app-01', roles: ['app'] }],
      };
    });
    await during(bench.up());
    expect(await reaches('sfo-app-01', NAS.address, BACKUP)).toBe(true);
    await bench.pulumi(['state', 'unprotect', '--all', '--yes']);
    await sites((all) => {
      delete all['us-sfo'];
    });
    await during(bench.up());
    await expect(inside.pid('sfo-app-01')).rejects.toThrow('does not run');
  });
});
