import { describe } from 'vitest';
import type { Member, TailnetBench } from '../../contract/tailnet/bench.ts';
import { tailnetContract } from '../../contract/tailnet-contract.ts';
import { ACME, OTHER, startTailnet } from './tailnet-fixtures.ts';

/** A tailnet of records, and hosts that are no more than their device. */
function open(): TailnetBench {
  const lab = startTailnet();
  const { nodes } = lab.tailnet;
  const node = (id: string): NonNullable<ReturnType<typeof nodes.node>> => {
    const found = nodes.node(id);
    if (found === undefined) throw new Error(`${id} is in no tailnet`);
    return found;
  };
  return {
    acme: ACME,
    other: OTHER,
    call: (method, path, body, headers) => lab.call(method, path, body, headers),
    join: (authKey, hostname, advertiseRoutes = []) => {
      const answer = nodes.join({ authKey, hostname, os: 'linux', advertiseRoutes });
      return answer.ok ? Promise.resolve(member(answer.nodeId)) : Promise.reject(new Error(answer.message));
    },
    carried: (nodeId) => Promise.resolve(node(nodeId).primaryRoutes),
    pass: (seconds) => {
      lab.pass(seconds * 1000);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };

  function member(nodeId: string): Member {
    return {
      nodeId,
      self: async () => {
        const { name, addresses, tags, advertisedRoutes: offers, keyExpiry } = await Promise.resolve(node(nodeId));
        return { nodeId, name, addresses, tags, offers, keyEnds: keyExpiry === null ? null : Date.parse(keyExpiry) };
      },
      peers: () => Promise.resolve(nodes.peers(nodeId).map(({ hostname }) => hostname)),
      offer: (routes) => {
        nodes.setAdvertisedRoutes(nodeId, routes);
        return Promise.resolve();
      },
      leave: () => {
        nodes.leave(nodeId);
        return Promise.resolve();
      },
    };
  }
}

describe('a tailnet in memory', () =>
  tailnetContract(() => Promise.resolve(open()), {
    filtersPeers: false,
    holdsBack: true,
    takesBack: true,
    wholePolicy: true,
    endsAtOnce: true,
    endsKeyOnLogout: true,
  }));
