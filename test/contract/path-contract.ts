import { beforeEach, describe, expect, test } from 'vitest';
import { answers } from '../../io/ssh/host-answers.ts';
import { lines } from '../../mesh/host/tool.ts';
import type { ProtocolClient } from './client.ts';
import { withTailscale } from './releases.ts';
import type { HostAbilities } from './transport.ts';

/** How the overlay looks from a host, and how large a packet may be. */
export function pathContract(client: () => ProtocolClient, abilities: HostAbilities): void {
  describe('paths', () => {
    beforeEach(() => client().install());

    test.skipIf(!abilities.tailnet)('to peers are told by a node, and by nobody else', async () => {
      const { tool } = client();
      await client().refused(4, 'not-joined', lines.nodePeers(tool));
      await client().apply(withTailscale());
      const { nodeId } = await client().join();
      const { version, peers } = answers.nodePeers.parse(await client().must(lines.nodePeers(tool)));
      expect(version).toMatch(/^1\.102\.3/);
      expect(peers.map((peer) => peer.nodeId)).not.toContain(nodeId);
    });

    test.skipIf(abilities.neighbour === undefined)('are measured to the byte', async () => {
      const { tool } = client();
      const found = answers.pathMtu.parse(await client().must(lines.pathMtu(tool, abilities.neighbour ?? '')));
      expect(found.largest).toBe(found.route.mtu);
      expect(found).toMatchObject({ address: abilities.neighbour, complete: true, told: false, blackHole: false });
      expect(found.mss).toBe((found.route.learnt ?? found.route.mtu) - 40);
    });

    test.skipIf(abilities.neighbour !== undefined)('are not made up by a host that has no network', async () => {
      await client().refused(4, 'no-network', lines.pathMtu(client().tool, '203.0.113.1'));
    });

    test.each(['fra-edge-01', '203.0.113', '-f'])('to %s, which is no address, are a wrong usage', async (word) => {
      const { tool } = client();
      await client().refused(2, 'usage', lines.pathMtu(tool, '203.0.113.1').replace('203.0.113.1', word));
    });
  });
}
