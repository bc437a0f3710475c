import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { render } from '../../../../mesh/host/render.ts';
import type { HostSpec } from '../../../../mesh/host/spec.ts';
import { LAN6, memberSpec, plainSpec, routerSpec } from './specs.ts';

const root = mkdtempSync(join(tmpdir(), 'release-'));
afterAll(() => rmSync(root, { recursive: true }));
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };

interface Outcome {
  code: number;
  said: string;
}
function run(...argv: [string, ...string[]]): Outcome {
  const [command, ...args] = argv;
  const done = spawnSync(command, args, { env, encoding: 'utf8' });
  return { code: done.status ?? 127, said: done.error === undefined ? done.stdout + done.stderr : String(done.error) };
}

const INTERFACES = 'define LANIF = "enp7s0"\ndefine PUBIF = "eth0"\n';
const ENVIRONMENT = 'LANIF=enp7s0\nPUBIF=eth0\nLANADDR=10.77.10.2\nLANADDR6=fd12:3456:789a:40::2\n';
let written = 0;
/** The release's files below a folder of its own, the include beside them; answers that folder. */
function write(spec: HostSpec, change: (path: string, content: string) => string = (_, content) => content): string {
  const folder = join(root, String((written += 1)));
  mkdirSync(folder);
  writeFileSync(join(folder, 'interfaces.nft'), INTERFACES);
  writeFileSync(join(folder, 'interfaces.env'), ENVIRONMENT);
  for (const [path, { content }] of Object.entries(render(spec).files)) {
    mkdirSync(dirname(folder + path), { recursive: true });
    const here = content.replaceAll('/var/lib/site-mesh/interfaces.', join(folder, 'interfaces.'));
    writeFileSync(folder + path, change(path, here));
  }
  return folder;
}

const rulesets: [string, HostSpec][] = [
  ['a router', routerSpec()],
  ['a router with IPv6', routerSpec({}, { lan: LAN6 })],
  ['a member', memberSpec()],
];

/** A network namespace of its own: `nft -c` asks the kernel, and nothing may reach this machine's rules. */
const nft = (folder: string, ...flags: string[]): Outcome =>
  run('unshare', '-rn', 'nft', ...flags, '-f', join(folder, 'etc/site-mesh/site.nft'));
const hasNft = run('unshare', '-rn', 'nft', 'list', 'ruleset').code === 0;

describe.skipIf(!hasNft)('the ruleset, by the real nft (needs nftables and user namespaces)', () => {
  test.each(rulesets)('is accepted and loads (%s)', (_, spec) => {
    const folder = write(spec);
    expect(nft(folder, '-c')).toEqual({ code: 0, said: '' });
    expect(nft(folder)).toEqual({ code: 0, said: '' });
  });

  test('loaded twice has the rules once, and its table keeps its own chains', () => {
    const file = join(write(routerSpec()), 'etc/site-mesh/site.nft');
    const { code, said } = run('unshare', '-rn', 'sh', '-c', `nft -f ${file} && nft -f ${file} && nft list ruleset`);
    expect(code).toBe(0);
    expect(said.match(/maxseg size set rt mtu/g)).toHaveLength(2);
    expect(said.match(/masquerade/g)).toHaveLength(1);
    expect(said.match(/^table/gm)).toHaveLength(1);
  });

  test('is refused when it is misspelt: the check can fail', () => {
    const folder = write(routerSpec(), (_, content) => content.replace('set rt mtu', 'set route mtu'));
    expect(nft(folder, '-c').code).not.toBe(0);
  });

  test('does not load when it clamps where the kernel cannot (which `-c` alone does not notice)', () => {
    const folder = write(routerSpec(), (_, content) =>
      content.replace('hook forward priority mangle', 'hook prerouting priority mangle'),
    );
    expect(nft(folder).said).toContain('not supported');
  });

  test('is refused without the names that the host resolves', () => {
    const folder = write(routerSpec());
    writeFileSync(join(folder, 'interfaces.nft'), '# none\n');
    expect(nft(folder, '-c').said).toContain('PUBIF');
  });
});

const hasIp = run('unshare', '-rn', 'ip', 'rule').code === 0;
describe.skipIf(!hasIp)('the ip rules, by the real ip (needs iproute2 and user namespaces)', () => {
  const UNIT = 'etc/systemd/system/site-mesh-rules.service';
  /** Runs the unit's command lines as systemd would, in a namespace of its own. */
  const starts = (spec: HostSpec, environment = ENVIRONMENT): string => {
    const folder = write(spec);
    writeFileSync(join(folder, 'interfaces.env'), environment);
    const text = readFileSync(join(folder, UNIT), 'utf8');
    const [, file = ''] = /^EnvironmentFile=(.+)$/m.exec(text) ?? [];
    const lines = [...text.matchAll(/^ExecStart(?:Pre)?=(.+)$/gm)].map((line) => line[1]?.replaceAll('$$', '$'));
    return [`. ${file}`, ...lines].join(' && ');
  };
  const ipRules = (...scripts: string[]): Outcome =>
    run('unshare', '-rn', 'sh', '-c', [...scripts, 'ip rule'].join(' && '));
  /** Preference → the rest of its lines. */
  const at = (said: string, preference: number): string[] =>
    [...said.matchAll(new RegExp(`^${preference}:\\s+(.*?)\\s*$`, 'gm'))].map(([, rest]) => rest ?? '');

  test('are there once after two starts, and follow a changed release', () => {
    const lan = { prefix: '10.77.10.0/24', supernet: '10.0.0.0/8', gateway: '10.0.0.1' };
    const { code, said } = ipRules(starts(routerSpec()), starts(routerSpec({}, { lan })));
    expect([code, at(said, 2500), at(said, 2501), at(said, 5271)]).toEqual([
      0,
      ['from all to 10.77.10.0/24 lookup main', 'from all to 10.0.0.1 lookup main'],
      ['from 10.77.10.2 lookup main'],
      ['from all to 10.0.0.0/8 unreachable'],
    ]);
  });

  test('of a member keep its LAN out of the tunnel and nothing else', () => {
    const { code, said } = ipRules(starts(routerSpec()), starts(memberSpec()));
    expect([code, at(said, 2500), at(said, 2501), at(said, 5271)]).toEqual([
      0,
      ['from all to 10.77.10.0/24 lookup main', 'from all to 10.77.0.1 lookup main'],
      [],
      [],
    ]);
  });

  test('of a LAN with IPv6 are there in both families, and a release without it takes them away', () => {
    const six = routerSpec({}, { lan: LAN6 });
    const listed = (...scripts: string[]): Outcome =>
      run('unshare', '-rn', 'sh', '-c', [...scripts, 'ip -6 rule'].join(' && '));
    const { code, said } = listed(starts(six), starts(six));
    expect([code, at(said, 2500), at(said, 2501), at(said, 5271)]).toEqual([
      0,
      ['from all to fd12:3456:789a:40::/64 lookup main'],
      ['from fd12:3456:789a:40::2 lookup main'],
      ['from all to fd12:3456:789a::/48 unreachable'],
    ]);
    const after = listed(starts(six), starts(routerSpec())).said;
    expect([2500, 2501, 5271].flatMap((preference) => at(after, preference))).toEqual([]);
    expect(at(ipRules(starts(six)).said, 2500)).toEqual(['from all to 10.77.40.0/24 lookup main']);
  });

  test('of a router cannot be made where the host did not resolve its address', () => {
    expect(ipRules(starts(routerSpec(), 'LANIF=enp7s0\nPUBIF=eth0\n')).code).not.toBe(0);
  });
});

describe.skipIf(!hasIp)('router advertisements, by the real kernel (needs iproute2 and user namespaces)', () => {
  const UNIT = 'etc/systemd/system/site-mesh-sysctl.service';
  /** `accept_ra` of the public interface before, after the unit's start, and after its stop. */
  const told = (before: number): string => {
    const folder = write(routerSpec(), (_, content) => content.replaceAll('/run/site-mesh-', join(folder0(), 'run-')));
    const text = readFileSync(join(folder, UNIT), 'utf8');
    const lines = (keyword: string): string[] =>
      [...text.matchAll(new RegExp(`^${keyword}=-?(/bin/sh .+)$`, 'gm'))].map((line) =>
        (line[1] ?? '').replaceAll('$$', '$'),
      );
    const show = 'cat /proc/sys/net/ipv6/conf/eth0/accept_ra';
    const script = [
      'export PUBIF=eth0; ip link add eth0 type veth peer name eth1',
      `echo ${before} > /proc/sys/net/ipv6/conf/eth0/accept_ra`,
      ...[...lines('ExecStartPre'), show, ...lines('ExecStopPost'), show],
    ];
    return run('unshare', '-rn', 'sh', '-c', script.join('\n')).said.split('\n').join(' ').trim();
  };
  const folder0 = (): string => mkdtempSync(join(root, 'run-'));

  test('are taken on while it forwards where they were, and as before when it stops', () => {
    expect([told(1), told(0), told(2)]).toEqual(['2 1', '0 0', '2 2']);
  });
});

const hasAnalyze = run('systemd-analyze', '--version').code === 0;
describe.skipIf(!hasAnalyze)('the units, by the real systemd-analyze (needs systemd)', () => {
  /** What it says of our units. Commands that this machine lacks are not a fault of theirs. */
  const verify = (folder: string): string[] => {
    const paths = Object.keys(render(routerSpec()).files).filter((path) =>
      /systemd\/system\/[^/]+\.service$/.test(path),
    );
    const names = paths.map((path) => basename(path));
    return run('systemd-analyze', 'verify', ...paths.map((path) => folder + path))
      .said.split('\n')
      .filter((line) => names.some((name) => line.includes(name)) && !line.includes('is not executable: No such file'));
  };

  test('have no fault', () => {
    expect(verify(write(routerSpec()))).toEqual([]);
  });

  test('have one when a setting is misspelt: the check can fail', () => {
    const misspelt = write(routerSpec(), (_, content) => content.replace('RemainAfterExit=', 'RemainsAfterExit='));
    expect(verify(misspelt).join()).toContain('RemainsAfterExit');
  });
});

const sshd = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path));
describe.skipIf(sshd === undefined || process.getuid?.() !== 0)(
  'the hardening, by the real sshd (needs openssh-server and root)',
  () => {
    /** `sshd -T`: the configuration in effect, with a drop-in of cloud-init's after ours. */
    function effective(spec: HostSpec, ours: boolean): Outcome {
      const folder = write(spec);
      const key = join(folder, 'key');
      run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key);
      const dropIns = join(folder, 'etc/ssh/sshd_config.d');
      writeFileSync(join(dropIns, '50-cloud-init.conf'), 'PasswordAuthentication yes\n');
      if (!ours) rmSync(join(dropIns, '00-site-mesh.conf'));
      writeFileSync(join(folder, 'sshd_config'), `Include ${dropIns}/*.conf\nHostKey ${key}\n`);
      mkdirSync('/run/sshd', { recursive: true });
      return run(sshd ?? 'sshd', '-T', '-f', join(folder, 'sshd_config'));
    }

    test('is accepted, and closes what cloud-init opened', () => {
      const { code, said } = effective(plainSpec(), true);
      expect(code).toBe(0);
      expect(said).toMatch(/^passwordauthentication no$/m);
      expect(said).toMatch(/^permitrootlogin no$/m);
      expect(said).toMatch(/^allowusers ops$/m);
    });

    test('is what does it: without the drop-in passwords stay open', () => {
      expect(effective(plainSpec(), false).said).toMatch(/^passwordauthentication yes$/m);
    });
  },
);

const missing = Object.entries({ nft: hasNft, ip: hasIp, 'systemd-analyze': hasAnalyze, sshd: sshd !== undefined })
  .filter(([, here]) => !here)
  .map(([name]) => name);
if (missing.length > 0) console.warn(`not usable here, so nothing was checked with them: ${missing.join(', ')}`);
