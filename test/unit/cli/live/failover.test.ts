import { describe, expect, test } from 'vitest';
import { advertiseAgain } from '../../../../cli/failover/back.ts';
import { decide, silentOf, type Switch } from '../../../../cli/failover/decide.ts';
import { switchOver, type SwitchOptions, type SwitchState } from '../../../../cli/failover/switch.ts';
import { renderEnd, renderLeft, renderSwitch } from '../../../../cli/render/failover.ts';
import type { AgentStatus, Peer } from '../../../../io/ssh/host-answers.ts';
import { HostToolError, type HostTool } from '../../../../io/ssh/host-tool.ts';
import type { Tailscale } from '../../../../io/tailscale/client.ts';
import { Night, peerOf } from './fixtures.ts';

const PREFIX = '10.78.10.0/24';
const drained = { wanted: [PREFIX], advertised: [], drained: true };

describe('the decision', () => {
  const after = (spoil: (night: Night) => void, to?: string, site = 'eu-fra') => {
    const night = new Night();
    spoil(night);
    return decide(night.report(), site, to);
  };
  const doubts = (spoil: (night: Night) => void, to?: string): string[] => {
    const decision = after(spoil, to);
    if (decision.kind !== 'switch') throw new Error(`not a switch: ${JSON.stringify(decision)}`);
    return decision.doubts;
  };

  test('is from the router that carries to its partner, without a doubt when all is well', () => {
    const ends = { kind: 'switch', prefix: PREFIX, doubts: [] };
    expect(after(() => undefined)).toEqual({ ...ends, from: 'fra-edge-01', to: 'fra-edge-02' });
    expect(after((night) => night.carries('fra-edge-02', [PREFIX]))).toEqual({
      ...ends,
      from: 'fra-edge-02',
      to: 'fra-edge-01',
    });
  });

  test('is to do nothing when the wanted router carries already', () => {
    expect(after(() => undefined, 'fra-edge-01')).toEqual({ kind: 'done', prefix: PREFIX, to: 'fra-edge-01' });
  });

  test.each([
    ['no such router', 'fra-edge-09', 'eu-fra', /no router of eu-fra; there are: fra-edge-01, fra-edge-02/],
    ['no routers at all', undefined, 'ap-sin', /ap-sin has no routers/],
  ])('is none with %s', (_, to, site, why) => {
    expect(after(() => undefined, to, site)).toMatchObject({ kind: 'impossible', usage: true });
    expect(after(() => undefined, to, site)).toMatchObject({ why: expect.stringMatching(why) as string });
  });

  test('is none with a single router, whatever is forced', () => {
    const report = new Night().report();
    report.sites.forEach((site) =>
      site.hosts.splice(0, site.hosts.length, ...site.hosts.filter(({ name }) => name !== 'fra-edge-02')),
    );
    expect(decide(report, 'eu-fra', undefined)).toMatchObject({ kind: 'impossible', usage: true });
  });

  test('is none when the active router cannot be told', () => {
    expect(after((night) => night.silent('fra-edge-01'))).toMatchObject({ kind: 'impossible', usage: false });
  });

  test.each<[string, (night: Night) => void, RegExp]>([
    ['does not answer', (night) => night.silent('fra-edge-02'), /could not be asked: .*timed out/],
    ['is stopped', (night) => Object.assign(night.said('fra-edge-02').node ?? {}, { state: 'Stopped' }), /Stopped/],
    [
      'is offline by its own word',
      (night) => Object.assign(night.said('fra-edge-02').node ?? {}, { online: false }),
      /not online/,
    ],
    ['is offline by the tailnet’s', (night) => (night.device('fra-edge-02').connectedToControl = false), /not online/],
    ['is drained', (night) => (night.said('fra-edge-02').routes = drained), /is drained/],
    [
      'does not advertise',
      (night) => Object.assign(night.said('fra-edge-02').routes ?? {}, { advertised: [] }),
      /does not advertise/,
    ],
    ['is not approved', (night) => (night.device('fra-edge-02').enabledRoutes = []), /not known to be approved/],
    [
      'is about to revert',
      (night) => Object.assign(night.said('fra-edge-02').release ?? {}, { pendingRevert: true }),
      /goes back by itself/,
    ],
    ['is not known to the tailnet', (night) => night.devices.splice(2, 1), /does not show fra-edge-02/],
  ])('has its doubts about a partner that %s', (_, spoil, doubt) => {
    expect(doubts(() => undefined)).toEqual([]);
    expect(doubts(spoil).join('\n')).toMatch(doubt);
  });

  test('has its doubts when the router to be drained is not the one that carries', () => {
    expect(doubts((night) => night.carries('nobody', [PREFIX])).join()).toMatch(
      /fra-edge-01 does not carry .*both|claim it/,
    );
  });

  test('to go back concerns those that do not advertise, drained or not', () => {
    const night = new Night();
    expect(silentOf(night.report(), 'eu-fra')).toEqual([]);
    night.said('fra-edge-01').routes = drained;
    night.said('fra-edge-02').routes = { ...drained, drained: false };
    expect(silentOf(night.report(), 'eu-fra').map(({ name }) => name)).toEqual(['fra-edge-01', 'fra-edge-02']);
  });
});

/** A pair over one control plane: some looks after the drain, the partner becomes primary. */
class Pair {
  readonly log: string[] = [];
  /** Looks of the partner until it is primary; undefined: never. */
  looks: number | undefined = 3;
  agent: AgentStatus | undefined;
  drainFails: Error | undefined;
  onLook: () => void = () => undefined;
  #drained = false;

  tool(name: string): HostTool {
    const answer = {
      routeDrain: () => {
        this.log.push(`drain ${name}`);
        if (this.drainFails !== undefined) return Promise.reject(this.drainFails);
        this.#drained = true;
        return Promise.resolve({ advertised: [], drained: true });
      },
      nodePeers: () => {
        this.onLook();
        if (this.#drained && this.looks !== undefined) this.looks -= 1;
        const carried: Peer = peerOf('other', {
          primaryRoutes: this.looks !== undefined && this.looks <= 0 ? [] : [PREFIX],
        });
        return Promise.resolve({ state: 'Running', online: true, version: null, peers: [carried] });
      },
      agentStatus: () =>
        this.agent === undefined
          ? Promise.reject(new HostToolError('usage', 2, 'not a line of the host protocol'))
          : Promise.resolve(this.agent),
    };
    return answer as unknown as HostTool;
  }

  switch(more: Partial<SwitchOptions> = {}) {
    return switchOver({
      prefix: PREFIX,
      from: { name: 'a', tool: this.tool('a') },
      to: { name: 'b', tool: this.tool('b') },
      vip: undefined,
      signal: new AbortController().signal,
      reached: (state) => this.log.push(state),
      seconds: 0.2,
      pauseMs: 1,
      ...more,
    });
  }
}

describe('the switch', () => {
  test('drains one, watches the other, and times it', async () => {
    const pair = new Pair();
    const { primary, wayBack } = await pair.switch();
    expect(pair.log).toEqual(['draining', 'drain a', 'drained', 'primary']);
    expect(primary?.ms).toBeGreaterThanOrEqual(1);
    expect(primary?.withinMs).toBeLessThanOrEqual(primary?.ms ?? 0);
    expect(wayBack).toEqual({ why: 'the routers masquerade, so there is no way back to move' });
  });

  test('of a partner that never takes over ends in time and says so', async () => {
    const pair = new Pair();
    pair.looks = undefined;
    expect(await pair.switch()).toMatchObject({ primary: undefined });
    expect(pair.log).not.toContain('primary');
  });

  test('watches the way back where an agent moves it, and says when there is none', async () => {
    const vip = '10.78.10.254';
    const none = await new Pair().switch({ vip });
    expect(none.wayBack).toEqual({ why: `b has no agent: ${vip} was moved by nobody` });
    const slow = new Pair();
    slow.agent = { holds: false, vip };
    expect((await slow.switch({ vip })).wayBack).toEqual({ why: `the agent of b does not hold ${vip} yet` });
    const good = new Pair();
    good.agent = { holds: true, vip };
    expect((await good.switch({ vip })).wayBack).toMatchObject({ ms: expect.any(Number) as number });
    expect(good.log.at(-1)).toBe('moved');
  });

  test('that cannot drain is a failure at once, and nobody goes on watching', async () => {
    const pair = new Pair();
    pair.drainFails = new HostToolError('not-joined', 4, 'a: in no tailnet');
    pair.looks = undefined;
    let looks = 0;
    pair.onLook = () => (looks += 1);
    await expect(pair.switch({ seconds: 30 })).rejects.toThrow('in no tailnet');
    const then = looks;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(looks - then).toBeLessThanOrEqual(1);
  });

  test('that is interrupted leaves a state that is known', async () => {
    const pair = new Pair();
    pair.looks = undefined;
    const stop = new AbortController();
    let state: SwitchState | undefined;
    const reached = (now: SwitchState): void => {
      state = now;
      if (now === 'drained') setTimeout(() => stop.abort(), 5);
    };
    await expect(pair.switch({ seconds: 30, signal: stop.signal, reached })).rejects.toThrow(/abort/i);
    expect(state).toBe('drained');
  });
});

describe('in words', () => {
  const decision: Switch = { kind: 'switch', prefix: PREFIX, from: 'a', to: 'b', doubts: [] };
  const BACK = 'mesh failover eu-fra --back';

  test('a plan says what it does, what it leaves, and what speaks against it', () => {
    const text = renderSwitch({ ...decision, doubts: ['b is drained'] }, 'eu-fra');
    expect(text).toMatch(/b is to carry .* instead of a[^]*over reboots[^]*within 30 s[^]*✗ b is drained/);
    expect(renderSwitch(decision, 'eu-fra')).not.toContain('Against it');
  });

  test('an end tells the time as the span in which it was, and the way back', () => {
    const moment = { ms: 240, withinMs: 90 };
    const text = renderEnd({ primary: moment, wayBack: { ms: 400, withinMs: 50 }, undone: false }, decision, BACK);
    expect(text).toContain('b carries 10.78.10.0/24, since between 150 and 240 ms after the drain was asked for');
    expect(text).toContain('moved to it between 350 and 400 ms');
    expect(text).toContain(BACK);
    const failed = renderEnd({ primary: undefined, wayBack: { why: 'x' }, undone: true }, decision, BACK);
    expect(failed).toMatch(/did not take over[^]*a advertises again/);
  });

  test.each<[SwitchState | undefined, RegExp]>([
    [undefined, /before anything was changed/],
    ['draining', /may be drained; whether b carries .* was not seen yet.*--back/],
    ['drained', /a is drained; whether b/],
    ['primary', /a is drained; b carries/],
    ['moved', /a is drained; b carries/],
  ])('who stops at %s is told what he leaves', (state, words) => {
    expect(renderLeft(state, decision, BACK)).toMatch(words);
  });
});

test('to go back is over when the tailnet knows of the routes, and fails with what is missing', async () => {
  const log: string[] = [];
  const heard = { advertised: [] as string[], enabled: [PREFIX] };
  const tool = {
    routeAdvertise: () => {
      log.push('advertise');
      return Promise.resolve({ advertised: [PREFIX], drained: false });
    },
    nodeStatus: () => Promise.resolve({ state: 'Running', online: true }),
  } as unknown as HostTool;
  const tailnet = { devices: { routes: () => Promise.resolve(heard) } } as unknown as Tailscale;
  const options = { router: { name: 'a', tool }, nodeId: 'n', wanted: [PREFIX], tailnet, seconds: 0.1 };
  const { signal } = new AbortController();
  await expect(advertiseAgain({ ...options, signal })).rejects.toThrow(/cannot take over yet: .*not heard of 10\.78/);
  heard.advertised = [PREFIX];
  await advertiseAgain({ ...options, signal });
  expect(log).toEqual(['advertise', 'advertise']);
});
