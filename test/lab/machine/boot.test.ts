import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newKeyPair } from '../../../lab/api/key-pair.ts';
import { imageNames } from '../../../lab/machines/image/base.ts';
import { generateKey, publicLine } from '../../../lab/sshd/keys.ts';
import { describeWith, MACHINES } from '../requirements.ts';
import { cloudMachine, Rig } from './rig.ts';

describeWith(MACHINES, 'a machine of the lab', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.create();
  });
  afterAll(() => rig.close());

  const result = async (id: string): Promise<{ v1: { errors: string[] } }> =>
    JSON.parse(await rig.inside(id, 'cat', '/run/cloud-init/result.json')) as { v1: { errors: string[] } };

  test.each(imageNames)(
    'of the image %s boots whole, and lets in whom user_data names, with the key given',
    async (image) => {
      const { machine, way } = cloudMachine(image, { image });
      await rig.up(machine, way);
      const session = await rig.login(image, way);
      const signal = new AbortController().signal;
      const { stdout } = await session.exec('hostname; hostname -f; id -un; sudo -n id -un', {
        timeoutSeconds: 10,
        signal,
      });
      session.close();
      expect(stdout.split('\n')).toEqual([machine.name, `${machine.name}.mesh.example`, 'ops', 'root', '']);
      const state = await rig.shell(image, 'systemctl is-system-running --wait || systemctl --failed --no-legend');
      expect(state.trim()).toBe('running');
      expect(await result(image)).toMatchObject({ v1: { errors: [] } });
      // Controls: nobody else, nor is the machine anybody else's.
      await expect(rig.login(image, { ...way, privateKey: newKeyPair('other').privateKey })).rejects.toThrow(/refused/);
      await expect(rig.login(image, { ...way, user: 'root' })).rejects.toThrow(/refused/);
      const other = publicLine(generateKey('ecdsa')) ?? '';
      await expect(rig.login(image, { ...way, hostKey: other })).rejects.toThrow(/not the host that was recorded/);
    },
  );

  test('has systemd, services and a boot of its own beside others', async () => {
    const [one, two] = [cloudMachine('one'), cloudMachine('two')];
    await Promise.all([rig.up(one.machine, one.way), rig.up(two.machine, two.way)]);
    const seen = async (file: string): Promise<string[]> =>
      Promise.all(['one', 'two'].map((id) => rig.inside(id, 'cat', file)));
    for (const file of ['/proc/sys/kernel/random/boot_id', '/etc/machine-id']) {
      const ours = file.startsWith('/proc') ? [readFileSync(file, 'utf8')] : [];
      expect(new Set([...ours, ...(await seen(file))]).size).toBe(2 + ours.length);
    }
    // With one tree of control groups for both, this would end the other's sshd too.
    await rig.inside('one', 'systemctl', 'kill', '--signal=SIGKILL', '--kill-whom=all', 'ssh.service');
    await rig.inside('one', 'systemctl', 'stop', 'ssh.service');
    (await rig.login('two', two.way)).close();
    await expect(rig.shell('one', 'nc -z -w 1 127.0.0.1 22')).rejects.toThrow();
    expect((await rig.shell('one', 'cat /proc/1/cgroup')).includes('two')).toBe(false);
  });

  test('can have its network settings changed, nft rules, a TUN device and ip rules, as on a server', async () => {
    const { machine, way } = cloudMachine('net');
    await rig.up(machine, way);
    const script = [
      'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=2',
      "printf 'table inet t {\\n chain c {\\n type filter hook forward priority 0\\n }\\n}\\n' | nft -f -",
      'ip tuntap add dev tun7 mode tun && ip rule add pref 2500 to 10.77.10.0/24 lookup main',
      'cat /proc/sys/net/ipv4/ip_forward && nft list tables && ip rule show pref 2500 && ping -nqc1 -W1 10.77.10.1',
    ].join('\n');
    const seen = await rig.shell('net', script);
    expect(seen).toMatch(/^1\ntable inet t\n2500:/);
    // Its own, and nobody else's.
    expect(readFileSync('/proc/sys/kernel/hostname', 'utf8').trim()).not.toBe(machine.name);
    await expect(rig.shell('net', 'echo x > /proc/sys/kernel/core_pattern')).rejects.toThrow();
  });

  test('trusts the lab’s authority, and its apt looks nowhere', async () => {
    const { machine, way } = cloudMachine('trust');
    await rig.up(machine, way);
    const trusted = 'import ssl; print([c["subject"] for c in ssl.create_default_context().get_ca_certs()])';
    expect(await rig.inside('trust', 'python3', '-c', trusted)).toMatch(/lab/i);
    const began = performance.now();
    await rig.inside('trust', 'apt-get', '-q', 'update');
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('says in result.json what of user_data it does not know, and carries the rest out', async () => {
    const { machine, way } = cloudMachine('unknown');
    const config = JSON.parse(machine.userData.replace('#cloud-config\n', '')) as Record<string, unknown>;
    const more = { ...config, runcmd: [['touch', '/ran']], hostname: 'other', ssh_authorized_keys: ['ssh-rsa AAAA'] };
    const text = `#cloud-config\n${JSON.stringify({ ...more, users: [...(config.users as []), 'default'] })}`;
    await rig.up({ ...machine, userData: text }, way);
    const { errors } = (await result('unknown')).v1;
    expect(errors).toEqual(['users: "default" is not known to the lab', 'user_data: runcmd is not known to the lab']);
    expect(await rig.shell('unknown', 'hostname; ls /ran 2>&1 || true')).toMatch(/^other\nls: cannot access/);
  });

  test('with user_data that does not parse comes up with the cloud’s keys for root and host keys of its own', async () => {
    const login = newKeyPair('cloud');
    const { machine } = cloudMachine('broken', { userData: '#cloud-config\n{', authorizedKeys: [login.publicKey] });
    await rig.boot(machine);
    await rig.shell('broken', 'until [ -e /run/cloud-init/result.json ]; do sleep 0.05; done');
    const hostKey = await rig.inside('broken', 'cat', '/etc/ssh/ssh_host_ed25519_key.pub');
    (await rig.login('broken', { user: 'root', privateKey: login.privateKey, hostKey })).close();
    expect((await result('broken')).v1.errors).toEqual([expect.stringContaining('no cloud-config that parses')]);
  });

  test('that was there before us has its owner’s account, port and host key, and no trace of a cloud', async () => {
    const [login, hostKey] = [newKeyPair('owner'), generateKey('ed25519')];
    const { machine } = cloudMachine('owned', { cloud: 'existing', userData: '', authorizedKeys: [login.publicKey] });
    await rig.boot({ ...machine, existing: { port: 2222, user: 'admin', hostKey } });
    const way = { user: 'admin', privateKey: login.privateKey, hostKey: publicLine(hostKey) ?? '', port: 2222 };
    const session = await rig.login('owned', way);
    const signal = new AbortController().signal;
    const { stdout } = await session.exec('sudo -n ls /etc/ssh; ls -d /run/cloud-init /var/lib/cloud', {
      timeoutSeconds: 10,
      signal,
    });
    session.close();
    expect(stdout).toMatch(/ssh_host_ecdsa_key[\s\S]*ssh_host_ed25519_key[\s\S]*ssh_host_rsa_key/);
    expect(stdout).not.toContain('cloud');
  });
});
