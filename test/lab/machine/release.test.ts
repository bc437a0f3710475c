import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { imageNames } from '../../../lab/machines/image/base.ts';
import { publicLine } from '../../../lab/sshd/keys.ts';
import { render } from '../../../mesh/host/render.ts';
import type { Release } from '../../../mesh/host/spec.ts';
import { lines } from '../../../mesh/host/tool.ts';
import { ProtocolClient } from '../../contract/client.ts';
import { small } from '../../contract/releases.ts';
import { describeWith, MACHINES } from '../requirements.ts';
import { ID, MachineTransport } from './transport.ts';

const GATEWAY = '172.31.1.1';
const OURS = ['nft', 'routes', 'rules', 'sysctl', 'udp-gro'].map((name) => `site-mesh-${name}.service`);

describeWith(MACHINES, 'a release on a machine', () => {
  // The newest systemd is the strictest; the contract runs on the oldest.
  describe.each(imageNames.slice(-1))('of the image %s', (image) => {
    let transport: MachineTransport;
    let client: ProtocolClient;
    beforeAll(async () => {
      transport = await MachineTransport.create(image);
      client = new ProtocolClient(transport);
    });
    afterAll(() => transport.close());
    beforeEach(async () => {
      await transport.reset();
      await client.install();
    });

    const shell = (script: string): Promise<string> => transport.rig.shell(ID, script);
    /** A subnet router's, without tailscale: what the kernel, systemd and sshd make of the rest. */
    const router = (): Release => {
      const authorizedKeys = [publicLine(transport.way.privateKey) ?? ''];
      const { files, units } = render({
        name: 'fra-edge-01',
        site: 'eu-fra',
        ssh: { user: transport.login, authorizedKeys },
        lan: { prefix: transport.lanPrefix, supernet: '10.77.0.0/16', gateway: '10.77.10.1' },
        member: { tailscaleVersion: '1.102.3' },
        router: { advertises: [transport.lanPrefix] },
      });
      const { 'tailscaled.service': daemon, ...rest } = units;
      expect(daemon).toBeDefined();
      return { files, units: rest, packages: {} };
    };
    const works = async (): Promise<void> => {
      expect(await shell('nft list chain inet mesh_site no_bogons')).toContain('oifname "eth0"');
      expect(await shell('ip rule show pref 2501')).toContain(`from ${transport.lan} lookup main`);
      expect(await shell('sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.rp_filter')).toBe('1\n2\n');
      expect(await shell('sshd -T | grep ^authorizedkeysfile')).toContain('/etc/ssh/authorized_keys.d/');
      expect((await shell('systemctl --failed --no-legend')).trim()).toBe('');
      expect(await client.must(lines.status(client.tool))).toMatchObject({ drift: [], pendingRevert: false });
    };

    test('makes a router of it, changes nothing the second time, and is there after a reboot', async () => {
      const hash = await client.stage(router());
      const first = await client.must(lines.activate(client.tool, hash, 120));
      expect(first.restarted).toEqual([...OURS, 'ssh.service']);
      await client.must(lines.confirm(client.tool, hash));
      await works();

      const again = await client.must(lines.stage(client.tool), client.request(router()));
      expect(again).toMatchObject({ hash, changed: [] });
      expect(await client.must(lines.activate(client.tool, hash, 120))).toMatchObject({ restarted: [] });
      await client.must(lines.confirm(client.tool, hash));

      // The wires of a machine keep what it configured, as a real one's do not: this must come of the release.
      await shell('sysctl -qw net.ipv4.ip_forward=0; ip rule del pref 2501; systemctl poweroff');
      await transport.again();
      await shell('systemctl is-system-running --wait || true');
      await works();

      await client.must(lines.restore(client.tool));
      expect(
        await shell('nft list tables; ip rule show pref 2501; ls /etc/systemd/system/site-mesh* 2> /dev/null || true'),
      ).toBe('');
    });

    test('that takes the default route away is not confirmed, and goes back by itself within its time', async () => {
      await client.apply(small('first'));
      const hash = await client.stage(
        breaking(`/usr/sbin/ip route del default`, `/usr/sbin/ip route add default via ${GATEWAY}`),
      );
      await client.must(lines.activate(client.tool, hash, 10));
      expect(await shell('ip route show default')).toBe('');
      expect(await client.refused(3, 'check-failed', lines.confirm(client.tool, hash))).toContain('no default route');
      await goneBack(hash);
      expect(await shell('ip route show default')).toContain(GATEWAY);
    });

    test('that nobody confirms goes back also when the power fails meanwhile', async () => {
      const hash = await client.stage(small());
      await client.must(lines.activate(client.tool, hash, 10));
      await transport.rig.machines.powerOff(ID, { hard: true });
      await transport.again();
      // Control: it is there until the time is up.
      expect(await client.must(lines.status(client.tool))).toMatchObject({ active: hash, pendingRevert: true });
      await goneBack(hash);
    });

    test('that shuts ssh is refused; one whose unit does not start is taken back at once', async () => {
      const release = small();
      release.files['/etc/ssh/sshd_config.d/50-contract.conf'] = { content: 'NoSuchWord yes\n', mode: '0644' };
      expect(await client.refused(3, 'check-failed', lines.stage(client.tool), client.request(release))).toContain(
        'NoSuchWord',
      );
      const hash = await client.stage(breaking('/bin/false', '/bin/true'));
      expect(await client.refused(5, 'command-failed', lines.activate(client.tool, hash, 60))).toContain('is back');
      expect((await shell('systemctl --failed --no-legend')).trim()).toBe('');
    });

    test('does not fit a full disk, which is said and harms nothing', async () => {
      await client.apply(small('first'));
      await shell(
        'cp -a /var/lib/site-mesh /var/tmp/kept; mount -t tmpfs -o size=128k none /var/lib/site-mesh; cp -a /var/tmp/kept/. /var/lib/site-mesh/',
      );
      const large = small('second');
      large.files['/etc/site-mesh/large'] = { content: 'x'.repeat(400_000), mode: '0644' };
      expect(await client.refused(5, 'command-failed', lines.stage(client.tool), client.request(large))).toContain(
        'has no room for /var/lib/site-mesh',
      );
      await shell('umount /var/lib/site-mesh');
      await client.apply(large);
    });

    test('that finds a full disk half way is taken back at once', async () => {
      const first = await client.apply(small('first'));
      await shell(
        'cp -a /etc/site-mesh /var/tmp/kept; mount -t tmpfs -o size=64k none /etc/site-mesh; cp -a /var/tmp/kept/. /etc/site-mesh/',
      );
      const large = small('second');
      large.files['/etc/site-mesh/large'] = { content: 'x'.repeat(400_000), mode: '0644' };
      const hash = await client.stage(large);
      const said = await client.refused(5, 'command-failed', lines.activate(client.tool, hash, 120));
      expect(said).toContain('has no room for /etc/site-mesh/large; the last confirmed release is back');
      const back = { active: first, confirmed: first, live: first, pendingRevert: false, drift: [] };
      expect(await client.must(lines.status(client.tool))).toMatchObject(back);
      await shell('umount /etc/site-mesh');
      await client.apply(large);
    });

    async function goneBack(hash: string): Promise<void> {
      for (const deadline = Date.now() + 20_000; ;) {
        const status = await client.must(lines.status(client.tool));
        if (status.active !== hash && status.pendingRevert === false) break;
        if (Date.now() > deadline) throw new Error(`still active after 20 s: ${JSON.stringify(status)}`);
        await sleep(250);
      }
      await client.refused(4, 'not-active', lines.confirm(client.tool, hash));
    }
  });
});

/** A unit that does something at its start, and undoes it at its stop. */
function breaking(start: string, stop: string): Release {
  const path = '/etc/systemd/system/site-mesh-breaking.service';
  const release = small('breaking');
  release.files[path] = {
    content: `[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=${start}\nExecStop=${stop}\n\n[Install]\nWantedBy=multi-user.target\n`,
    mode: '0644',
  };
  release.units['site-mesh-breaking.service'] = { enabled: true, onChange: 'restart', watches: [path] };
  return release;
}
