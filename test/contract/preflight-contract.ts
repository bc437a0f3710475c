import { beforeEach, describe, expect, test } from 'vitest';
import { lines } from '../../mesh/host/tool.ts';
import { answers } from '../../io/ssh/host-answers.ts';
import type { Document, ProtocolClient } from './client.ts';
import { CONFIG, router, small } from './releases.ts';
import type { HostAbilities } from './transport.ts';

/** Machines that were there before us: what is said beforehand, what is refused, and that they are given back. */
export function preflightContract(client: () => ProtocolClient, abilities: HostAbilities): void {
  const existing = (...accepts: string[]): Document => ({
    existing: { accepts, tailnet: client().transport.tailnet },
  });
  const preflight = async (release = router(), accepts: string[] = []) =>
    answers.preflight.parse(
      await client().must(lines.preflight(client().tool), client().request(release, existing(...accepts))),
    );

  describe('an existing machine', () => {
    beforeEach(() => client().install());

    test('says what a first release would touch, and nothing is changed by that', async () => {
      const { tool } = client();
      const release = router();
      const found = await preflight(release);
      expect(found).toMatchObject({ first: true, findings: [], ours: { tables: [], rules: [] } });
      const created = found.files.filter(({ change }) => change === 'create').map(({ path }) => path);
      expect(created).toEqual(expect.arrayContaining(Object.keys(release.files)));
      expect(found.packages).toEqual([
        { name: 'tailscale', wanted: '1.102.3', present: null, held: false, change: 'install' },
      ]);
      expect(found.units).toContainEqual(
        expect.objectContaining({ name: 'site-mesh-contract.service', enabled: 'absent', change: ['enable', 'start'] }),
      );
      expect(found.sysctls).toContainEqual(expect.objectContaining({ key: 'net.ipv4.ip_forward', wanted: '1' }));
      expect(found.ssh.hostKeys).toEqual({ present: ['ecdsa'], made: ['ed25519'] });
      expect(await client().must(lines.status(tool))).toMatchObject({ active: null, hostKey: null });
      expect(await preflight(release)).toEqual(found);
    });

    test('has nothing more to say once a release of ours is there', async () => {
      await client().apply(router(), existing());
      const found = await preflight();
      expect(found).toMatchObject({ first: false, sysctls: [], findings: [] });
      expect(new Set([...found.files, ...found.packages].map(({ change }) => change))).toEqual(new Set(['none']));
      expect(found.units.flatMap(({ change }) => change)).toEqual([]);
    });

    test('is what a preflight is for: a request that does not say so is a wrong usage', async () => {
      const { tool } = client();
      await client().refused(2, 'usage', lines.preflight(tool), client().request(small()));
      await client().refused(2, 'usage', lines.preflight(tool), client().request(small(), { existing: {} }));
      await client().refused(2, 'usage', lines.preflight(tool), '{"release":');
    });

    test.skipIf(!abilities.foreign)(
      'is refused a first release that software of others is in the way of, until it is accepted',
      async () => {
        const { tool, transport } = client();
        await transport.foreign?.(['docker', 'ufw']);
        const refusals = (await preflight()).findings;
        expect(refusals.map(({ what, severity, accepted }) => [what, severity, accepted])).toEqual([
          ['docker', 'refuse', false],
          ['ufw', 'refuse', false],
        ]);
        for (const { choice } of refusals) expect(choice).toContain('accepts of this host');

        const reply = await client().say(lines.stage(tool), client().request(router(), existing('ufw')));
        expect(reply).toMatchObject({ code: 3, document: { error: { code: 'check-failed' } } });
        const { checks } = reply.document.error as { checks: { name: string }[] };
        expect(checks.map(({ name }) => name)).toEqual(['preflight docker']);
        expect(await client().must(lines.status(tool))).toMatchObject({ active: null });

        const accepted = await preflight(router(), ['docker', 'ufw']);
        expect(accepted.findings.map(({ severity, accepted: may }) => [severity, may])).toEqual([
          ['warn', true],
          ['warn', true],
        ]);
        await client().apply(router(), existing('docker', 'ufw'));
      },
    );

    test.skipIf(!abilities.foreign)('is refused at activation what came after staging', async () => {
      const { tool, transport } = client();
      const hash = await client().stage(router(), existing());
      await transport.foreign?.(['docker']);
      await client().refused(3, 'check-failed', lines.activate(tool, hash, 60));
      expect(await client().must(lines.status(tool))).toMatchObject({ active: null });
    });

    test.skipIf(!abilities.foreign)('minds nothing where nothing is forwarded', async () => {
      await client().transport.foreign?.(['docker', 'ufw']);
      const found = await preflight(small());
      expect(found.findings.map(({ severity }) => severity)).toEqual(['warn', 'warn']);
      await client().apply(small(), existing());
    });

    test.skipIf(!abilities.foreign)('of ours is asked for nothing', async () => {
      await client().transport.foreign?.(['docker', 'ufw', 'tailscale']);
      await client().apply(router());
    });

    test('is given back whole: files, packages, the host key that we made, and the tool itself', async () => {
      const { tool } = client();
      await client().apply(router(), existing());
      const { restored, kept } = await client().must(lines.restore(tool));
      expect(restored).toEqual(expect.arrayContaining([CONFIG, 'package tailscale', '/etc/ssh/ssh_host_ed25519_key']));
      expect(kept).toEqual([]);
      expect(await client().say(lines.status(tool))).toMatchObject({ code: 127 });
      await client().install();
      expect(await client().must(lines.status(tool))).toMatchObject({ active: null, hostKey: null });
      expect(await client().must(lines.restore(tool))).toEqual({ restored: [], kept: [] });
      await client().install();
      expect((await preflight()).first).toBe(true);
      await client().apply(router(), existing());
    });

    test('keeps its host keys: none of them is a bootstrap key', async () => {
      const { tool } = client();
      await client().apply(router(), { ...existing(), retireBootstrapKey: true });
      expect((await client().must(lines.facts(tool))).hostKeys).toMatchObject({
        ecdsa: expect.stringMatching(/^ecdsa/) as string,
      });
    });
  });
}
