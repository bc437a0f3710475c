import { beforeEach, describe, expect, test } from 'vitest';
import { releaseHash } from '../../mesh/host/hash.ts';
import { lines } from '../../mesh/host/tool.ts';
import type { ProtocolClient } from './client.ts';
import { CONFIG, small } from './releases.ts';
import type { HostAbilities } from './transport.ts';

/** Stage, activate, confirm, status. */
export function releaseContract(client: () => ProtocolClient, abilities: HostAbilities): void {
  describe('a release', () => {
    beforeEach(() => client().install());

    test('has on the host the hash that it has here', async () => {
      const release = small();
      const answer = await client().must(lines.stage(client().tool), client().request(release));
      expect(answer.hash).toBe(releaseHash(release));
      expect(answer.changed).toEqual(Object.keys(release.files).sort());
    });

    test('has another hash when one byte differs', async () => {
      const [one, other] = [await client().stage(small('a')), await client().stage(small('b'))];
      expect(one).not.toBe(other);
    });

    test('is staged twice without harm, and changes nothing that is active', async () => {
      const first = await client().apply(small('active'));
      const hash = await client().stage(small('staged'));
      expect(await client().stage(small('staged'))).toBe(hash);
      expect(await client().must(lines.status(client().tool))).toMatchObject({
        active: first,
        confirmed: first,
        drift: [],
      });
    });

    test('is not activated before it was staged', async () => {
      await client().refused(4, 'not-staged', lines.activate(client().tool, 'a'.repeat(64), 60));
    });

    test('is active and pending after activation, and confirmed over a new connection', async () => {
      const { tool } = client();
      const hash = await client().stage(small());
      const active = await client().must(lines.activate(tool, hash, 60));
      expect(active).toMatchObject({ active: hash, previous: null, revertInSeconds: 60 });
      expect(active.restarted).toContain('site-mesh-contract.service');
      expect(await client().must(lines.status(tool))).toMatchObject({
        active: hash,
        confirmed: null,
        pendingRevert: true,
      });
      const confirmed = await client().must(lines.confirm(tool, hash));
      expect(confirmed).toMatchObject({
        confirmed: hash,
        hostKey: expect.stringMatching(/^ssh-ed25519 \S+$/) as string,
      });
      expect(await client().must(lines.status(tool))).toEqual({
        active: hash,
        confirmed: hash,
        pendingRevert: false,
        live: hash,
        drift: [],
        hostKey: confirmed.hostKey,
        tool: tool.sha256.slice(0, 16),
      });
    });

    test('is not confirmed over the connection that activated it', async () => {
      const { tool, transport } = client();
      const hash = await client().stage(small());
      const connection = await transport.connect();
      await client().must(lines.activate(tool, hash, 60), undefined, connection);
      await client().refused(4, 'same-connection', lines.confirm(tool, hash), undefined, connection);
      await connection.close();
      await client().must(lines.confirm(tool, hash));
    });

    test('is confirmed again without harm', async () => {
      const hash = await client().apply(small());
      expect(await client().must(lines.confirm(client().tool, hash))).toMatchObject({ confirmed: hash });
    });

    test('is not confirmed before it is active', async () => {
      const hash = await client().stage(small());
      await client().refused(4, 'not-active', lines.confirm(client().tool, hash));
    });

    test('names the one before it, and restarts only what watches a changed file', async () => {
      const { tool } = client();
      const first = await client().apply(small('first'));
      const second = await client().stage(small('second'));
      expect(await client().must(lines.activate(tool, second, 60))).toMatchObject({
        previous: first,
        restarted: ['site-mesh-contract.service'],
      });
      await client().must(lines.confirm(tool, second));
      await client().stage(small('second'));
      expect(await client().must(lines.activate(tool, second, 60))).toMatchObject({ active: second, restarted: [] });
    });

    test('keeps one ed25519 host key over all releases, and offers the bootstrap key until it is retired', async () => {
      const { tool } = client();
      const first = await client().apply(small('first'));
      const before = await client().must(lines.confirm(tool, first));
      expect((await client().must(lines.facts(tool))).hostKeys).toEqual({
        ed25519: before.hostKey,
        ecdsa: expect.stringMatching(/^ecdsa/) as string,
      });
      await client().apply(small('second'), { retireBootstrapKey: true });
      expect((await client().must(lines.facts(tool))).hostKeys).toEqual({ ed25519: before.hostKey, ecdsa: null });
    });

    test('takes credentials that are no part of its hash and come back in no answer', async () => {
      const { tool } = client();
      const plain = await client().stage(small());
      const request = client().request(small(), { credentials: { token: 'SENTINEL-credential' } });
      const answers = [
        await client().must(lines.stage(tool), request),
        await client().must(lines.activate(tool, plain, 60)),
      ];
      answers.push(await client().must(lines.confirm(tool, plain)), await client().must(lines.status(tool)));
      expect(answers[0]?.hash).toBe(plain);
      expect(JSON.stringify(answers)).not.toContain('SENTINEL');
    });

    test.skipIf(!abilities.checks)('is refused by a check, and nothing was changed', async () => {
      const { tool } = client();
      const release = small();
      release.files['/etc/site-mesh/contract.nft'] = { content: 'table inet t {\n', mode: '0644' };
      const reply = await client().say(lines.stage(tool), client().request(release));
      expect(reply).toMatchObject({ code: 3, document: { error: { code: 'check-failed' } } });
      const { checks } = reply.document.error as { checks: { name: string; result: string }[] };
      expect(checks).toContainEqual(
        expect.objectContaining({ name: 'nft /etc/site-mesh/contract.nft', result: 'failed' }) as object,
      );
      await client().refused(4, 'not-staged', lines.activate(tool, releaseHash(release), 60));
    });

    test.skipIf(!abilities.files)('shows what somebody edited as drift, until it is applied again', async () => {
      const { tool, transport } = client();
      const hash = await client().apply(small());
      await transport.writeFile?.(CONFIG, 'edited\n');
      const status = await client().must(lines.status(tool));
      expect(status).toMatchObject({ active: hash, drift: [CONFIG] });
      expect(status.live).not.toBe(hash);
      await client().apply(small());
      expect(await client().must(lines.status(tool))).toMatchObject({ live: hash, drift: [] });
    });

    test.skipIf(!abilities.busy)('waits for nobody: a busy host says so', async () => {
      const { tool, transport } = client();
      await transport.whileBusy?.(async () => {
        await client().refused(4, 'busy', lines.stage(tool), client().request(small()));
        await client().must(lines.status(tool));
      });
      await client().stage(small());
    });
  });
}
