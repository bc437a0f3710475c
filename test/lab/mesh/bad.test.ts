import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { power, settled } from '../../../lab/machines/client.ts';
import { labPaths } from '../../../cli/lab/environment.ts';
import { clearFaults, setFault } from '../../../lab/control.ts';
import { Inside } from '../../../lab/machines/inside/index.ts';
import { Bench, type Run } from '../../engine/bench.ts';
import { mesh } from '../../engine/cli.ts';
import { Operator } from '../../engine/operator.ts';
import { DAEMONS, describeWith, longTest, MACHINES } from '../requirements.ts';
import { beforeStart, plant } from './plants.ts';

const [DB, LAN] = ['10.78.10.10', '10.78.10.0/24'];
const ROUTER = 'fra-edge-01';
const APP = 'sin-app-01';
const AGENT = 'site-mesh-agent.service';
const REVERT = 'site-mesh-revert.service';
const ANY_KEY = { capabilities: { devices: { create: { tags: ['tag:iac'] } } } };
const CONTROL = z.object({ ControlURL: z.string() });
const DOUBLE = /two devices of the tailnet call themselves sin-app-01: .* \((\w+)\) is not/;
const PATIENCE = { timeout: 40_000, interval: 200 };

// Here is what needs a mesh. One host alone: the contract (test/contract) and test/lab/machine/release.test.ts.
// A clock that is far off cannot be had here: all machines have this computer's.
describeWith([...MACHINES, ...DAEMONS], 'bad situations on machines: said, harmless, and over with the next up', () => {
  let bench: Bench;
  let inside: Inside;
  let operator: Operator;
  beforeAll(async () => {
    process.env.MESH_LAB_PACE = '0.01';
    bench = await Bench.start('staging', { machines: true });
    await another();
    const up = await bench.up();
    expect(up.code, up.text).toBe(0);
    inside = new Inside(bench.dir);
    operator = new Operator(bench);
    await inside.serve('fra-db-01', 5432);
  }, 300_000);
  afterAll(async () => {
    inside.close();
    await bench.stop();
    delete process.env.MESH_LAB_PACE;
  });

  const status = async (host: string): Promise<Record<string, unknown>> =>
    z.record(z.string(), z.unknown()).parse(await inside.tool(host, 'apply', 'status'));
  /** The app reaches its database, at the latest when a standby has taken over. */
  const flows = (): Promise<void> =>
    expect.poll(async () => (await inside.fetch(APP, DB, 5432)).ok, PATIENCE).toBe(true);
  const isDark = (): Promise<void> =>
    expect.poll(async () => (await inside.fetch(APP, DB, 5432)).ok, PATIENCE).toBe(false);
  /** What `mesh status` finds wrong, as JSON. It takes the checkout's stack file anew, not our edits of it. */
  const problems = async (): Promise<string> => {
    const { stackConfig } = labPaths(bench.dir, bench.stack);
    const edited = await readFile(stackConfig);
    const { stdout } = await mesh(['status', 'staging', '--lab', '--json'], { env: { MESH_LAB_DIR: bench.dir } });
    await writeFile(stackConfig, edited, { mode: 0o600 });
    return stdout;
  };
  /** An up of the release of one host alone. */
  const upOf = async (host: string): Promise<Run> => bench.up('--target', await bench.urn('HostRelease', host));
  const good = (run: Run): void => expect(run.code, run.text).toBe(0);
  const bad = (run: Run, ...words: string[]): void => {
    expect(run.code, run.text).not.toBe(0);
    for (const word of words) expect(run.text).toContain(word);
  };
  let releases = 0;
  /** Another release for the routers, with another shared address: their agent starts anew. Answers a condition that holds under it. */
  const another = async (): Promise<string> => {
    const vip = `10.78.10.${254 - releases++}`;
    await bench.edit((config) => {
      const sites = z.looseObject({ 'eu-fra': z.looseObject({}) }).parse(config['site-mesh:sites']);
      config['site-mesh:sites'] = { ...sites, 'eu-fra': { ...sites['eu-fra'], snat: false, vip } };
    });
    return `grep -q ${vip.replaceAll('.', '[.]')} /etc/site-mesh/agent.json`;
  };
  const tailscaleVersion = (version?: string): Promise<void> =>
    bench.edit((config) => {
      const { tailscale } = z.looseObject({ tailscale: z.looseObject({}) }).parse(config['site-mesh:packages']);
      config['site-mesh:packages'] = { tailscale: { ...tailscale, version } };
    });

  test('a release whose unit does not start is taken back at once', async () => {
    const before = await status(ROUTER);
    const unplant = await plant(inside, ROUTER, AGENT, beforeStart(await another(), 'exit 1'));
    onTestFinished(unplant);
    bad(await upOf(ROUTER), ROUTER, 'systemctl failed on this host', AGENT, 'the last confirmed release is back');
    expect(await status(ROUTER)).toEqual(before);
    await flows();
    await unplant();
    good(await upOf(ROUTER));
    expect(await status(ROUTER)).toMatchObject({ drift: [], pendingRevert: false });
  });

  test('a release under which the default route is gone is not confirmed, and goes back when its time is up', async () => {
    const before = await status(ROUTER);
    // The way of the deploying side stays: without any, nobody could say why.
    const [way, other] = ['default via 172.31.1.1 dev eth0 onlink', '198.18.0.0/16 via 172.31.1.1 dev eth0 onlink'];
    const gone = beforeStart(
      await another(),
      `ip route replace ${other}; ip route del default`,
      `ip route replace ${way}; ip route flush 198.18.0.0/16`,
    );
    const unplant = await plant(inside, ROUTER, AGENT, gone);
    onTestFinished(unplant);
    bad(
      await upOf(ROUTER),
      ROUTER,
      'this host has no default route any more',
      'goes back to the last confirmed release by itself within 120 s',
    );
    expect(await status(ROUTER)).toMatchObject({ pendingRevert: true, confirmed: before.confirmed });
    // What the timer starts when it is time.
    await inside.must(ROUTER, 'systemctl', 'start', REVERT);
    expect(await status(ROUTER)).toEqual(before);
    expect(await inside.must(ROUTER, 'ip', 'route', 'show', 'default')).toContain('172.31.1.1');
    await flows();
    await unplant();
    good(await upOf(ROUTER));
  });

  test('a release that shuts everybody out goes back without anybody, and the up says that it did', async () => {
    const before = await status(ROUTER);
    const table = 'table inet planted { chain input { type filter hook input priority 0; tcp dport 22 drop; }; }';
    const shut = beforeStart(await another(), `echo "${table}" | nft -f -`, 'nft delete table inet planted || true');
    const unplant = await plant(inside, ROUTER, AGENT, shut);
    onTestFinished(unplant);
    const up = upOf(ROUTER);
    const isShut = (): Promise<number> =>
      inside.run(ROUTER, ['nft', 'list', 'table', 'inet', 'planted']).then(({ code }) => code);
    await expect.poll(isShut, PATIENCE).toBe(0);
    await expect.poll(() => status(ROUTER).then(({ active }) => active), PATIENCE).not.toBe(before.active);
    await inside.must(ROUTER, 'systemctl', 'start', REVERT);
    bad(await up, ROUTER, 'it was never activated, or it was reverted', 'is on the last confirmed release again');
    expect(await status(ROUTER)).toEqual(before);
    await flows();
    await unplant();
    good(await upOf(ROUTER));
  });

  test('a version that the repository does not have changes nothing', async () => {
    const before = await status(ROUTER);
    await tailscaleVersion('9.9.9');
    bad(await upOf(ROUTER), ROUTER, 'apt-get failed on this host', "Version '9.9.9' for 'tailscale' was not found");
    expect(await status(ROUTER)).toEqual(before);
    await flows();
    await tailscaleVersion();
    good(await upOf(ROUTER));
  });

  longTest('another package manager at work is waited for, and one that was cut off is ended', async () => {
    await tailscaleVersion('1.102.2');
    // Held from before the activation until some seconds into it.
    const hold = `import fcntl, glob, time
def words(path):
    try: return open(path, "rb").read()
    except OSError: return b""
def activating():
    return any(b"apply\\0activate" in words(path) for path in glob.glob("/proc/[0-9]*/cmdline"))
files = [open(path, "w") for path in ("/var/lib/dpkg/lock-frontend", "/var/lib/apt/lists/lock")]
for file in files: fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
while not activating(): time.sleep(0.05)
for file in reversed(files):
    time.sleep(4)
    print(activating(), flush=True)
    file.close()`;
    // And the power had failed in the middle of another run of dpkg.
    await inside.shell(ROUTER, 'dpkg-query -s tailscale > /var/lib/dpkg/updates/0000');
    const held = inside.must(ROUTER, 'python3', '-c', hold);
    good(await upOf(ROUTER));
    expect(await held).toBe('held\nTrue\nTrue\n');
    expect(await inside.must(ROUTER, 'dpkg-query', '-W', 'tailscale')).toContain('1.102.2');
    await tailscaleVersion();
    good(await upOf(ROUTER));
  });

  longTest('tailscaled that does not start is said, and its partner carries', async () => {
    const unplant = await plant(inside, ROUTER, 'tailscaled.service', 'ExecStartPre=/bin/false');
    onTestFinished(unplant);
    await inside.run(ROUTER, ['systemctl', 'restart', 'tailscaled']);
    await another();
    bad(await upOf(ROUTER), ROUTER, 'systemctl failed on this host', 'tailscaled.service');
    await flows();
    await unplant();
    good(await upOf(ROUTER));
    await expect.poll(() => status(ROUTER), PATIENCE).toMatchObject({ drift: [], pendingRevert: false });
  });

  test('a host with another key than the recorded one is not talked to', async () => {
    await inside.shell(
      ROUTER,
      'cd /etc/ssh; mkdir kept; mv ssh_host_ed25519_key* kept/; ssh-keygen -q -t ed25519 -N "" -f ssh_host_ed25519_key; systemctl reload ssh',
    );
    await another();
    const before = await status(ROUTER);
    bad(await upOf(ROUTER), ROUTER, 'host key');
    expect(await status(ROUTER)).toEqual(before);
    await flows();
    await inside.shell(ROUTER, 'cd /etc/ssh; mv kept/* .; rmdir kept; systemctl reload ssh');
    good(await upOf(ROUTER));
  });

  test('a host without power is told by a refresh that goes on, and waited for by an up', async () => {
    await power(bench.dir, 'fra-edge-02', false);
    const refresh = await bench.pulumi(['refresh', '--yes', '--target', await bench.urn('HostRelease', 'fra-edge-02')]);
    good(refresh);
    expect(refresh.text).toContain('fra-edge-02 could not be read; what was recorded last is kept');
    await flows();
    await another();
    const up = upOf('fra-edge-02');
    await power(bench.dir, 'fra-edge-02', true);
    await settled(bench.dir);
    good(await up);
    good(await upOf(ROUTER));
  });

  test('releases that somebody deleted on a host are brought again', async () => {
    const before = await status(ROUTER);
    await inside.shell(ROUTER, 'rm -r /var/lib/site-mesh/releases/*');
    expect(await status(ROUTER)).toMatchObject({ live: null, active: before.active });
    good(await bench.up('--refresh'));
    expect(await status(ROUTER)).toEqual(before);
    await flows();
  });

  test('routes that somebody disabled are named by a refresh and by status, and their LAN is dark until they are enabled', async () => {
    const routers = await Promise.all([ROUTER, 'fra-edge-02'].map((name) => operator.device(name)));
    const enable = (...routes: string[]): Promise<unknown[]> =>
      Promise.all(routers.map((id) => bench.tailscale('POST', `/device/${id}/routes`, { routes })));
    await enable();
    await isDark();
    const refreshed = await bench.pulumi(['refresh', '--yes', '--target', await bench.urn('TailnetNode', ROUTER)]);
    good(refreshed);
    expect(refreshed.text).toContain(`${ROUTER} advertises ${LAN}, which is not approved`);
    expect(await problems()).toContain(`${LAN} of ${ROUTER} is advertised and not approved`);
    await enable(LAN);
    await flows();
    expect(await problems()).not.toContain('not approved');
  });

  test('a join key that is no good any more is said, nobody else notices, and the next up joins with a new one', async () => {
    const before = await status(ROUTER);
    await bench.tailscale('DELETE', `/device/${await operator.device(APP)}`);
    await setFault(bench.dir, 'key-spent', APP);
    bad(await bench.up('--refresh'), APP, 'The join key of sin-app-01 is spent, but the host did not join with it');
    expect(await status(ROUTER)).toEqual(before);
    expect(await operator.device(APP)).toBeUndefined();
    await clearFaults(bench.dir);
    good(await bench.up('--refresh'));
    await flows();
  });

  test('a second device of one name is told from ours, and what it calls itself gives it nothing', async () => {
    const state = '/var/lib/tailscale';
    const swap = (aside: string, now: string): Promise<string> =>
      inside.shell(
        APP,
        `systemctl stop tailscaled; mv ${state} ${aside}; mv ${now} ${state}; systemctl start tailscaled`,
      );
    // Somebody sets the host up a second time, with what it knew laid aside.
    const made = await bench.tailscale('POST', '/tailnet/-/keys', ANY_KEY);
    const server = await inside.must(APP, 'tailscale', 'debug', 'prefs');
    await inside.shell(APP, `mkdir -m 700 ${state}.new`);
    await swap(`${state}.ours`, `${state}.new`);
    const up = [`--login-server=${CONTROL.parse(JSON.parse(server)).ControlURL}`, `--hostname=${APP}`, '--timeout=20s'];
    const stdin = z.object({ key: z.string() }).parse(made).key;
    await inside.run(APP, ['sh', '-c', 'umask 077; cat > /run/join-key'], { stdin });
    await inside.must(APP, 'tailscale', 'up', '--auth-key=file:/run/join-key', ...up);
    // Which of the two is ours, the host itself says.
    const double = async (): Promise<string | undefined> => DOUBLE.exec(await problems())?.[1];
    const former = await double();
    expect(former).toBeDefined();
    await isDark();
    await swap(`${state}.other`, `${state}.ours`);
    await flows();
    const other = await double();
    expect([undefined, former]).not.toContain(other);
    await bench.tailscale('DELETE', `/device/${other}`);
    expect(await problems()).not.toContain('two devices');
  });

  test('nothing is left of it all', async () => {
    const last = await bench.up('--expect-no-changes', '--refresh');
    good(last);
    for (const host of [ROUTER, 'fra-edge-02', 'fra-db-01', APP])
      expect((await inside.must(host, 'systemctl', '--failed', '--no-legend')).trim(), host).toBe('');
  });
});
