import { expect, test } from 'vitest';
import { benchOf, device, eventually, joinNew, LAN, must, POLICY, setPolicy } from './bench.ts';
import type { Open, TailnetAbilities } from './bench.ts';

const OTHER = '10.99.0.0/24';

/** Subnet routes: offered by the host, enabled by approval, carried by one. */
export function routeContract(open: Open, { takesBack }: TailnetAbilities): void {
  const bench = benchOf(open);
  const enable = (id: string, routes: string[]) => bench().call('POST', `/device/${id}/routes`, { routes });
  const shown = async (id: string): Promise<unknown> => (await must(bench(), 'GET', `/device/${id}/routes`)).json;

  test('are enabled by the policy where it says so, by the operator elsewhere', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a', { routes: [LAN, OTHER] });
    await eventually(() => shown(member.nodeId)).toEqual({ advertisedRoutes: [LAN, OTHER], enabledRoutes: [LAN] });
    await eventually(() => bench().carried(member.nodeId)).toEqual([LAN]);
    expect((await enable(member.nodeId, [LAN, OTHER])).json).toEqual({
      advertisedRoutes: [LAN, OTHER],
      enabledRoutes: [LAN, OTHER],
    });
    expect(await shown(member.nodeId)).toEqual({ advertisedRoutes: [LAN, OTHER], enabledRoutes: [LAN, OTHER] });
    await eventually(() => bench().carried(member.nodeId)).toEqual([LAN, OTHER]);
  });

  test('are not enabled for a tag that the policy does not name', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a', { tags: ['tag:spare'], routes: [LAN] });
    await eventually(() => shown(member.nodeId)).toEqual({ advertisedRoutes: [LAN], enabledRoutes: [] });
    expect(await bench().carried(member.nodeId)).toEqual([]);
  });

  test('may be enabled before they are offered, and are carried once they are', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a');
    await enable(member.nodeId, [OTHER]);
    expect(await shown(member.nodeId)).toEqual({ advertisedRoutes: [], enabledRoutes: [OTHER] });
    expect(await bench().carried(member.nodeId)).toEqual([]);
    await member.offer([OTHER]);
    expect((await member.self()).offers).toEqual([OTHER]);
    await eventually(() => bench().carried(member.nodeId)).toEqual([OTHER]);
  });

  test('stay enabled while they are withdrawn', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a', { routes: [LAN] });
    await eventually(() => bench().carried(member.nodeId)).toEqual([LAN]);
    await member.offer([]);
    await eventually(() => shown(member.nodeId)).toEqual({ advertisedRoutes: [], enabledRoutes: [LAN] });
    expect(await bench().carried(member.nodeId)).toEqual([]);
    await member.offer([LAN]);
    await eventually(() => bench().carried(member.nodeId)).toEqual([LAN]);
  });

  test('that the operator took away come back neither with the policy nor with the host', async () => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a', { routes: [LAN] });
    await eventually(() => shown(member.nodeId)).toEqual({ advertisedRoutes: [LAN], enabledRoutes: [LAN] });
    await enable(member.nodeId, []);
    const off = { advertisedRoutes: [LAN], enabledRoutes: [] };
    expect(await shown(member.nodeId)).toEqual(off);
    await setPolicy(bench(), `${POLICY}// again\n`);
    expect(await shown(member.nodeId)).toEqual(off);
    await member.offer([]);
    await eventually(() => shown(member.nodeId)).toEqual({ advertisedRoutes: [], enabledRoutes: [] });
    await member.offer([LAN]);
    await eventually(() => shown(member.nodeId)).toEqual(off);
    expect(await bench().carried(member.nodeId)).toEqual([]);
  });

  test('that were there before the policy approved them wait for the operator', async () => {
    await setPolicy(bench(), POLICY.replace(/"autoApprovers".*\n/, ''));
    const member = await joinNew(bench(), 'a', { routes: [LAN] });
    const waiting = { advertisedRoutes: [LAN], enabledRoutes: [] };
    await eventually(() => shown(member.nodeId)).toEqual(waiting);
    await setPolicy(bench());
    expect(await shown(member.nodeId)).toEqual(waiting);
    expect((await joinNew(bench(), 'b', { routes: [LAN] })).nodeId).not.toBe(member.nodeId);
    expect(await shown(member.nodeId)).toEqual(waiting);
  });

  test('are carried by the elder of two, and by the other when that one withdraws', async () => {
    await setPolicy(bench());
    const elder = await joinNew(bench(), 'a', { routes: [LAN] });
    const younger = await joinNew(bench(), 'b', { routes: [LAN] });
    const carried = async (): Promise<string[][]> => [
      await bench().carried(elder.nodeId),
      await bench().carried(younger.nodeId),
    ];
    await eventually(() => shown(younger.nodeId)).toEqual({ advertisedRoutes: [LAN], enabledRoutes: [LAN] });
    expect(await carried()).toEqual([[LAN], []]);
    await elder.offer([]);
    await eventually(carried).toEqual([[], [LAN]]);
    await elder.offer([LAN]);
    await eventually(() => shown(elder.nodeId)).toEqual({ advertisedRoutes: [LAN], enabledRoutes: [LAN] });
    await eventually(carried).toEqual(takesBack ? [[LAN], []] : [[], [LAN]]);
  });

  test.each([
    ['host bits', '10.77.10.1/24'],
    ['no length', '10.77.10.0'],
    ['no address', 'lan'],
  ])('are refused for %s, and nothing changes', async (_what, route) => {
    await setPolicy(bench());
    const member = await joinNew(bench(), 'a', { routes: [LAN] });
    await eventually(async () => (await device(bench(), member.nodeId)).enabledRoutes).toEqual([LAN]);
    const refused = await enable(member.nodeId, [route]);
    expect(refused.status).toBe(400);
    expect(refused.json.message).toContain(route);
    expect((await device(bench(), member.nodeId)).enabledRoutes).toEqual([LAN]);
  });
}
