import { beforeEach, describe, expect, test } from 'vitest';
import { lines } from '../../mesh/host/tool.ts';
import type { ProtocolClient } from './client.ts';
import { small, withTailscale } from './releases.ts';

/** Joining a tailnet, and the routes of a member. */
export function nodeContract(client: () => ProtocolClient): void {
  describe('a node', () => {
    beforeEach(async () => {
      await client().install();
      await client().apply(withTailscale());
    });

    test('does not exist before the join: no adoption, no routes, nothing to leave', async () => {
      const { tool } = client();
      await client().refused(4, 'not-joined', lines.nodeJoin(tool), client().joinRequest());
      await client().refused(4, 'not-joined', lines.routeAdvertise(tool));
      await client().refused(4, 'not-joined', lines.routeDrain(tool));
      expect(await client().must(lines.routeStatus(tool))).toEqual({ wanted: [], advertised: [], drained: false });
      expect(await client().must(lines.nodeLeave(tool))).toEqual({ left: false });
      expect(await client().must(lines.nodeStatus(tool))).toMatchObject({
        state: 'NeedsLogin',
        nodeId: null,
        tags: null,
      });
    });

    test('joins with a key, advertises, retires the bootstrap key', async () => {
      const { tool, transport } = client();
      const joined = await client().join();
      expect(joined).toMatchObject({ tags: ['tag:router'], adopted: false, retired: ['ecdsa'] });
      expect(joined.addresses).not.toEqual([]);
      expect(await client().must(lines.nodeStatus(tool))).toMatchObject({
        state: 'Running',
        nodeId: joined.nodeId,
        name: joined.name,
        addresses: joined.addresses,
        tags: ['tag:router'],
        tailnet: transport.tailnet,
        online: true,
      });
      expect(await client().must(lines.routeStatus(tool))).toEqual({
        wanted: [transport.lanPrefix],
        advertised: [transport.lanPrefix],
        drained: false,
      });
      expect((await client().must(lines.facts(tool))).hostKeys).toMatchObject({ ecdsa: null });
    });

    test('is adopted without a key, and takes new settings', async () => {
      const { tool, transport } = client();
      const joined = await client().join({ advertiseRoutes: [] });
      const request = client().joinRequest({ hostname: 'fra-edge-01' });
      expect(await client().must(lines.nodeJoin(tool), request)).toMatchObject({
        nodeId: joined.nodeId,
        adopted: true,
        retired: [],
      });
      expect(await client().must(lines.routeStatus(tool))).toMatchObject({ advertised: [transport.lanPrefix] });
    });

    test('answers SSH on its own where that is asked for, and stops without joining anew', async () => {
      const { tool } = client();
      const joined = await client().join({ ssh: true });
      expect(await client().must(lines.nodeStatus(tool))).toMatchObject({ ssh: true });
      const again = await client().must(lines.nodeJoin(tool), client().joinRequest());
      expect(again).toMatchObject({ nodeId: joined.nodeId, adopted: true });
      expect(await client().must(lines.nodeStatus(tool))).toMatchObject({ nodeId: joined.nodeId, ssh: false });
    });

    test('does not spend a key when it is adopted', async () => {
      const { tool, transport } = client();
      const joined = await client().join();
      const authKey = await transport.mintKey(['tag:router']);
      const again = await client().must(lines.nodeJoin(tool), client().joinRequest({ authKey }));
      expect(again).toMatchObject({ nodeId: joined.nodeId, adopted: true });
      await client().must(lines.nodeLeave(tool));
      expect(await client().must(lines.nodeJoin(tool), client().joinRequest({ authKey }))).toMatchObject({
        adopted: false,
      });
    });

    test('does not join with a spent key, and the key is in no answer', async () => {
      const { tool, transport } = client();
      const authKey = await transport.mintKey(['tag:router']);
      await client().must(lines.nodeJoin(tool), client().joinRequest({ authKey }));
      await client().must(lines.nodeLeave(tool));
      const reply = await client().say(lines.nodeJoin(tool), client().joinRequest({ authKey }));
      expect(reply).toMatchObject({ code: 5, document: { error: { code: 'command-failed' } } });
      expect(JSON.stringify(reply.document)).not.toContain(authKey);
      expect(Object.keys(reply.document.error as object).sort()).toEqual(['code', 'command', 'message', 'stderr']);
    });

    test('is not adopted with other tags', async () => {
      const { tool } = client();
      await client().join();
      const request = client().joinRequest({ tags: ['tag:other'] });
      await client().refused(4, 'not-joined', lines.nodeJoin(tool), request);
    });

    test('is not adopted into another tailnet, and any tailnet will do where none is named', async () => {
      const { tool } = client();
      await client().join();
      const other = client().joinRequest({ tailnet: 'somebody-else' });
      await client().refused(4, 'wrong-tailnet', lines.nodeJoin(tool), other);
      expect(await client().must(lines.nodeJoin(tool), client().joinRequest({ tailnet: null }))).toMatchObject({
        adopted: true,
      });
    });

    test('drains and stays drained over a release and a join, until it advertises again', async () => {
      const { tool, transport } = client();
      await client().join();
      expect(await client().must(lines.routeDrain(tool))).toEqual({ advertised: [], drained: true });
      await client().apply({ ...withTailscale(), files: small('another').files });
      await client().must(lines.nodeJoin(tool), client().joinRequest());
      expect(await client().must(lines.routeStatus(tool))).toEqual({
        wanted: [transport.lanPrefix],
        advertised: [],
        drained: true,
      });
      const advertised = { advertised: [transport.lanPrefix], drained: false };
      expect(await client().must(lines.routeAdvertise(tool))).toEqual(advertised);
      expect(await client().must(lines.routeStatus(tool))).toMatchObject(advertised);
    });

    test('leaves, forgets that it was drained, and can join again', async () => {
      const { tool } = client();
      const first = await client().join();
      await client().must(lines.routeDrain(tool));
      expect(await client().must(lines.nodeLeave(tool))).toEqual({ left: true });
      expect(await client().must(lines.nodeStatus(tool))).toMatchObject({ state: 'NeedsLogin' });
      expect((await client().join()).nodeId).not.toBe(first.nodeId);
      expect(await client().must(lines.routeStatus(tool))).toMatchObject({ drained: false });
    });

    test('goes on being a member when its release is confirmed again', async () => {
      const { tool } = client();
      await client().join();
      const hash = await client().stage({ ...withTailscale(), files: small('another').files });
      await client().must(lines.activate(tool, hash, 60));
      const { checks } = (await client().must(lines.confirm(tool, hash))) as { checks: { name: string }[] };
      expect(checks.map(({ name }) => name)).toContain('overlay');
    });
  });
}
