import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { connectionTo } from '../../../../cli/live/connection.ts';
import { parseOutputs } from '../../../../cli/live/outputs.ts';
import { whichStack } from '../../../../cli/live/which.ts';
import { CliError, EXIT } from '../../../../cli/exit.ts';
import { ask, type Question } from '../../../../cli/status/ask.ts';
import { look } from '../../../../cli/status/collect.ts';
import { watch } from '../../../../cli/status/watch.ts';
import { SshError } from '../../../../io/ssh/errors.ts';
import { HostToolError } from '../../../../io/ssh/host-tool.ts';
import { TailscaleError } from '../../../../io/tailscale/errors.ts';
import type { Hosts } from '../../../../provider/hosts.ts';
import { hostsOf } from '../../../../mesh/plan/index.ts';
import { FakeHost, connection } from '../../provider/fakes.ts';
import { Night, planOf } from './fixtures.ts';

const question: Question = { name: 'fra-edge-01', connection, member: true, router: true };
const { signal } = new AbortController();

describe('asking a host', () => {
  test('asks a router all, a member less, a LAN host least', async () => {
    const asked = async (more: Partial<Question>): Promise<string[]> => {
      const host = new FakeHost();
      await ask({ ...question, ...more }, host.client().hosts, signal);
      return host.verbs;
    };
    expect(await asked({})).toEqual(['status', 'node status', 'node peers', 'route status', 'agent status']);
    expect(await asked({ router: false })).toEqual(['status', 'node status', 'node peers']);
    expect(await asked({ router: false, member: false })).toEqual(['status']);
  });

  test('takes a line that fails for a failed line, and the others for what they say', async () => {
    const host = new FakeHost();
    host.throws['node peers'] = [new HostToolError('command-failed', 5, 'tailscale is not understood')];
    const answer = await ask(question, host.client().hosts, signal);
    expect(answer).toMatchObject({
      answered: true,
      said: { node: { state: 'NeedsLogin' }, failed: [{ line: 'node peers', why: 'tailscale is not understood' }] },
    });
  });

  test('takes neither a missing agent nor a host in no tailnet for a failure', async () => {
    const host = new FakeHost();
    host.throws['node peers'] = [new HostToolError('not-joined', 4, 'in no tailnet')];
    const answer = await ask(question, host.client().hosts, signal);
    expect(answer.answered && answer.said.failed).toEqual([]);
    expect(answer.answered && answer.said.agent).toBeUndefined();
  });

  test('never lasts longer than its bounds, and says that the host lets us in', async () => {
    const hosts: Hosts = {
      open: (_connection, options) =>
        new Promise((_resolve, reject) =>
          options.signal.addEventListener('abort', () => reject(new SshError('cancelled', 'host', 'cancelled'))),
        ),
    };
    const started = Date.now();
    const answer = await ask(question, hosts, signal, { connect: 0.05, answer: 0.05 });
    expect(Date.now() - started).toBeLessThan(2000);
    expect(answer).toMatchObject({ answered: false, why: expect.stringContaining('does not answer within') as string });
  });

  test('takes an unreachable host for an answer, and a fault of ours for none', async () => {
    const host = new FakeHost();
    host.reachable = false;
    expect(await ask(question, host.client().hosts, signal)).toEqual({
      answered: false,
      why: 'fra-edge-01: connection refused',
    });
    const broken = new FakeHost();
    broken.throws.status = [new TypeError('undefined is not a function')];
    await expect(ask(question, broken.client().hosts, signal)).rejects.toThrow(TypeError);
  });
});

describe('looking at a stack', () => {
  const night = new Night();
  const sources = (hosts: Hosts, list: () => Promise<never[]>) => ({
    stack: 'staging',
    plan: night.plan,
    keys: { ssh: 'KEY', jump: 'JUMP' },
    tailnet: { devices: { list } } as never,
    hosts,
    recorded: () => Promise.resolve(night.recorded),
  });

  test('asks all hosts at once, pinned to what the state recorded, and the tailnet meanwhile', async () => {
    const host = new FakeHost();
    let at = 0;
    let most = 0;
    const hosts: Hosts = {
      open: async (to, options) => {
        most = Math.max(most, (at += 1));
        await sleep(10);
        at -= 1;
        return host.client().hosts.open(to, options);
      },
    };
    const view = await look(
      sources(hosts, () => Promise.resolve([])),
      { signal },
    );
    expect(most).toBe(4);
    expect(host.connections).toContainEqual({
      host: night.record('fra-db-01').publicAddress,
      user: 'ops',
      hostKey: 'ssh-ed25519 fra-db-01',
      privateKey: 'KEY',
    });
    expect(view.hosts.every(({ asked }) => asked?.answered === true)).toBe(true);
  });

  test('of one site leaves the others alone; a tailnet that does not answer is an answer', async () => {
    const host = new FakeHost();
    const silent = (): Promise<never> => Promise.reject(new TailscaleError(0, 'timed out'));
    const view = await look(sources(host.client().hosts, silent), { signal, site: 'ap-sin' });
    expect(host.connections).toHaveLength(1);
    expect(view.devices).toEqual({ error: 'timed out' });
  });
});

test('a host is dialled as the plan says: its own port, user and jump host before the stack’s', () => {
  const plan = planOf('prod');
  const host = plan.sites.flatMap(hostsOf).find(({ name }) => name === 'gra-edge-02');
  if (host === undefined) throw new Error('no such host');
  const via = { host: '192.0.2.1', port: 22, user: 'jump', hostKey: 'ssh-ed25519 J' };
  const keys = { ssh: 'K', jump: 'J' };
  const place = { address: '198.51.100.11', hostKey: 'ssh-ed25519 H' };
  expect(connectionTo({ ...plan, ssh: { ...plan.ssh, via } }, host, place, keys)).toEqual({
    host: '198.51.100.11',
    port: 2222,
    user: 'debian',
    hostKey: 'ssh-ed25519 H',
    privateKey: 'K',
    via: { ...via, privateKey: 'J' },
  });
});

describe('the outputs', () => {
  test('are the hosts of the last up; none before it', () => {
    const night = new Night();
    expect(parseOutputs(JSON.stringify({ hosts: night.recorded, notes: [] }), 'staging')).toEqual(night.recorded);
    expect(parseOutputs('{}', 'staging')).toEqual([]);
  });

  test('of another program are refused with the place', () => {
    expect(() => parseOutputs('{"hosts":[{"name":"a"}]}', 'staging')).toThrow(
      /outputs of stack staging.*hosts\.0\.site/,
    );
  });
});

describe('which stack', () => {
  const code = (work: () => string): number | string => {
    try {
      return work();
    } catch (error) {
      if (error instanceof CliError) return error.code;
      throw error;
    }
  };
  test('is the named one, else this shell’s, else the only one that has the site', () => {
    expect(whichStack('staging', { sites: ['eu-fra'] }, {})).toBe('staging');
    expect(whichStack(undefined, { sites: ['eu-fra'] }, { PULUMI_OPTION_STACK: 'prod' })).toBe('prod');
    expect(whichStack(undefined, { sites: ['us-nyc'] }, {})).toBe('prod');
    expect(whichStack(undefined, { hosts: ['gra-edge-01', 'fra-db-01'] }, {})).toBe('prod');
  });
  test('is nobody’s guess when several have it, or none', () => {
    expect(code(() => whichStack(undefined, { sites: ['eu-fra'] }, {}))).toBe(EXIT.usage);
    expect(code(() => whichStack(undefined, { hosts: ['nowhere'] }, {}))).toBe(EXIT.usage);
    expect(code(() => whichStack('staging', { sites: ['us-nyc'] }, {}))).toBe(EXIT.usage);
  });
});

describe('watching', () => {
  async function pictures(isTTY: boolean): Promise<string[]> {
    const written: string[] = [];
    let count = 0;
    const stream = { isTTY, write: (text: string) => written.push(text) > 0 };
    await watch({
      everySeconds: 0.001,
      stream,
      picture: () => {
        count += 1;
        // The third is under way when somebody presses Ctrl-C.
        if (count === 3) process.emit('SIGINT');
        return Promise.resolve(`picture ${count}`);
      },
    });
    return written;
  }

  test('draws over the picture before on a terminal, and plainly elsewhere; Ctrl-C is a good end', async () => {
    expect(await pictures(false)).toEqual(['picture 1\n\n', 'picture 2\n\n']);
    const [first] = await pictures(true);
    expect(first).toMatch(/^\u001b\[H.*picture 1\n$/s);
  });

  test('ends with the fault when a picture cannot be made, and listens to Ctrl-C no more', async () => {
    const before = process.listenerCount('SIGINT');
    const broken = watch({ everySeconds: 1, picture: () => Promise.reject(new Error('no backend')) });
    await expect(broken).rejects.toThrow('no backend');
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
