import { beforeEach, describe, expect, test } from 'vitest';
import { lines } from '../../mesh/host/tool.ts';
import type { ProtocolClient } from './client.ts';
import { CONFIG, small } from './releases.ts';
import type { HostAbilities } from './transport.ts';

/** What comes back by itself, and what `restore` brings back. */
export function revertContract(client: () => ProtocolClient, abilities: HostAbilities): void {
  describe('going back', () => {
    beforeEach(() => client().install());

    test('happens by itself when nobody confirms: to the last confirmed release', async () => {
      const { tool, transport } = client();
      const first = await client().apply(small('first'));
      const second = await client().stage(small('second'));
      await client().must(lines.activate(tool, second, 60));
      await transport.pass(61);
      expect(await client().must(lines.status(tool))).toMatchObject({
        active: first,
        confirmed: first,
        pendingRevert: false,
        live: first,
        drift: [],
      });
      await client().refused(4, 'not-active', lines.confirm(tool, second));
    });

    test('happens to nothing when there was no release before', async () => {
      const { tool, transport } = client();
      await client().must(lines.activate(tool, await client().stage(small()), 60));
      await transport.pass(61);
      expect(await client().must(lines.status(tool))).toMatchObject({ active: null, confirmed: null, live: null });
    });

    test('does not happen before the time, nor after a confirmation', async () => {
      const { tool, transport } = client();
      const hash = await client().stage(small());
      await client().must(lines.activate(tool, hash, 60));
      await transport.pass(30);
      await client().must(lines.confirm(tool, hash));
      await transport.pass(61);
      expect(await client().must(lines.status(tool))).toMatchObject({ active: hash, confirmed: hash });
    });

    test('can be followed by the same release again', async () => {
      const { tool, transport } = client();
      await client().must(lines.activate(tool, await client().stage(small()), 60));
      await transport.pass(61);
      const hash = await client().apply(small());
      expect(await client().must(lines.status(tool))).toMatchObject({ active: hash, confirmed: hash, drift: [] });
    });

    test('by restore leaves no release, and a second time there is nothing to do', async () => {
      const { tool } = client();
      await client().apply(small());
      expect((await client().must(lines.restore(tool))).restored).toContain(CONFIG);
      expect(await client().must(lines.status(tool))).toMatchObject({
        active: null,
        confirmed: null,
        pendingRevert: false,
      });
      expect(await client().must(lines.restore(tool))).toEqual({ restored: [], kept: [] });
    });

    test.skipIf(!abilities.files)('by restore brings back what was there before the first release', async () => {
      const { tool, transport } = client();
      await transport.writeFile?.(CONFIG, 'the owner wrote this\n');
      await client().apply(small('first'));
      await client().apply(small('second'));
      expect(await transport.readFile?.(CONFIG)).toBe('# second\n');
      await client().must(lines.restore(tool));
      expect(await transport.readFile?.(CONFIG)).toBe('the owner wrote this\n');
    });
  });
}
