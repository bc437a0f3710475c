import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hcloud } from '../../../io/hcloud/client.ts';
import type { Action, Hcloud } from '../../../io/hcloud/client.ts';
import { HcloudError } from '../../../io/hcloud/errors.ts';

vi.mock('../../../io/wait.ts', () => import('../provider/passing-time.ts'));
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));

const TOKEN = 'SENTINEL'.repeat(8);
const signal = new AbortController().signal;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0)) await close();
});

interface Got {
  method: string;
  url: string;
  authorization: string | undefined;
}
interface Reply {
  status?: number;
  body?: unknown;
}

async function service(reply: (got: Got, number: number) => Reply | 'silence', timeoutSeconds = 5) {
  const seen: Got[] = [];
  const server = createServer((request, response) => {
    const got = {
      method: request.method ?? '',
      url: request.url ?? '',
      authorization: request.headers.authorization,
    };
    seen.push(got);
    const answer = reply(got, seen.length);
    if (answer === 'silence') return;
    response.writeHead(answer.status ?? 200);
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`;
  const api: Hcloud = hcloud({ token: TOKEN, endpoint, timeoutSeconds });
  return { api, seen, endpoint };
}

const refusal = (status: number, code: string, message = 'no', details: unknown = null): Reply => ({
  status,
  body: { error: { code, message, details } },
});
const server = (id = 17, status = 'off') => ({
  id,
  name: 'fra-edge-01',
  status,
  server_type: { id: 114, name: 'cx23' },
  labels: { site: 'eu-fra' },
  public_net: { ipv4: { ip: '203.0.113.1' } },
});
const action = (status: Action['status'], error: Action['error'] = null): Action => ({
  id: 5,
  command: 'start_server',
  status,
  error,
});

async function failure(work: Promise<unknown>): Promise<HcloudError> {
  const thrown: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof HcloudError) return thrown;
  throw new Error(`expected an HcloudError, got ${String(thrown)}`);
}

describe('servers', () => {
  test('are read by id with the token as Bearer; one that is gone is an answer', async () => {
    const { api, seen } = await service(({ url }) =>
      url === '/v1/servers/17' ? { body: { server: server() } } : refusal(404, 'not_found'),
    );
    expect(await api.servers.get('17', signal)).toMatchObject({ status: 'off', server_type: { name: 'cx23' } });
    expect(await api.servers.get('18', signal)).toBeUndefined();
    expect(seen[0]?.authorization).toBe(`Bearer ${TOKEN}`);
  });

  test('a 404 that does not say not_found is not "gone"', async () => {
    const { api } = await service(() => ({ status: 404, body: '<html>' }));
    expect((await failure(api.servers.get('17', signal))).message).toBe(
      'Hetzner: reading server 17: the service answered 404 without a reason',
    );
  });

  test('are listed page by page, by name and by label', async () => {
    const { api, seen } = await service(({ url }) => {
      const second = url.includes('page=2&');
      return {
        body: {
          servers: [server(second ? 2 : 1)],
          meta: { pagination: { next_page: second ? null : 2 } },
        },
      };
    });
    const found = await api.servers.list({ name: 'fra-edge-01', labels: 'site=eu-fra,kind=router' }, signal);
    expect(found.map(({ id }) => id)).toEqual([1, 2]);
    expect(seen.map(({ url }) => url)).toEqual([
      '/v1/servers?name=fra-edge-01&label_selector=site%3Deu-fra%2Ckind%3Drouter&page=1&per_page=50',
      '/v1/servers?name=fra-edge-01&label_selector=site%3Deu-fra%2Ckind%3Drouter&page=2&per_page=50',
    ]);
    expect(await service(() => ({ body: { servers: [] } })).then((all) => all.api.servers.list({}, signal))).toEqual(
      [],
    );
  });

  test('an answer of another shape is refused with the path of what is missing', async () => {
    const { api } = await service(() => ({ body: { server: { ...server(), status: undefined } } }));
    expect((await failure(api.servers.get('17', signal))).message).toContain('at: server.status');
    expect((await failure(api.servers.list({}, signal))).message).toContain('at: servers');
  });
});

test('prices come with the place that they are for', async () => {
  const price = {
    location: 'fsn1',
    price_hourly: { net: '0.0056', gross: '0.0067' },
    price_monthly: { net: '3.49', gross: '4.15' },
  };
  const type = { id: 114, name: 'cx23', architecture: 'x86', prices: [price] };
  const { api } = await service(() => ({ body: { server_types: [{ ...type, cores: 2 }] } }));
  expect(await api.serverTypes.list(signal)).toEqual([type]);
});

describe('actions', () => {
  test('are polled until they are over', async () => {
    const { api, seen } = await service(({ method }, number) =>
      method === 'POST'
        ? { body: { action: action('running') } }
        : { body: { actions: [action(number < 4 ? 'running' : 'success')] } },
    );
    await api.actions.wait(await api.servers.powerOn('17', signal), signal);
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /v1/servers/17/actions/poweron',
      'GET /v1/actions?id=5',
      'GET /v1/actions?id=5',
      'GET /v1/actions?id=5',
    ]);
  });

  test('one that is over already is not asked about', async () => {
    const { api, seen } = await service(() => ({}));
    await api.actions.wait(action('success'), signal);
    expect(seen).toEqual([]);
  });

  test('one that failed says why, by its own code', async () => {
    const { api } = await service(() => ({}));
    const error = await failure(
      api.actions.wait(action('error', { code: 'action_failed', message: 'Action failed' }), signal),
    );
    expect([error.code, error.message]).toEqual([
      'action_failed',
      'Hetzner: start_server failed: Action failed (action_failed, action 5)',
    ]);
  });

  test('one that the service forgot is no success', async () => {
    const { api } = await service(() => ({ body: { actions: [] } }));
    expect((await failure(api.actions.wait(action('running'), signal))).message).toContain('does not know');
  });

  test('waiting for one can be cancelled', async () => {
    const controller = new AbortController();
    const { api } = await service(() => {
      controller.abort();
      return { body: { actions: [action('running')] } };
    });
    await expect(api.actions.wait(action('running'), controller.signal)).rejects.toThrow('cancelled');
  });
});

describe('refusals', () => {
  test.each(['rate_limit_exceeded', 'conflict', 'locked'])('%s passes: it is asked again', async (code) => {
    const { api, seen } = await service((_got, number) =>
      number < 3 ? refusal(423, code) : { body: { action: action('success') } },
    );
    expect((await api.servers.powerOn('17', signal)).status).toBe('success');
    expect(seen).toHaveLength(3);
  });

  test('but not for ever, and the last one is told', async () => {
    const { api, seen } = await service(() => refusal(423, 'locked', "server with ID '17' is locked"));
    const error = await failure(api.servers.powerOn('17', signal));
    expect(error.message).toBe(
      "Hetzner: powering on server 17: server with ID '17' is locked (locked). Another action on it did not end in time; look at it in the console, then run again.",
    );
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.length).toBeLessThan(20);
  });

  test.each([
    ['unauthorized', 401, 'Check hcloud:token'],
    ['token_readonly', 403, 'may only read'],
    ['forbidden', 403, 'read and write access'],
  ])('%s is final, says what to look at and does not quote the token', async (code, status, hint) => {
    const { api, seen } = await service(() => refusal(status, code, 'unable to authenticate'));
    const error = await failure(api.servers.get('17', signal));
    expect([error.status, error.code]).toEqual([status, code]);
    expect(error.message).toContain(`Hetzner: reading server 17: unable to authenticate (${code}). `);
    expect(error.message).toContain(hint);
    expect(error.message).not.toContain('SENTINEL');
    expect(seen).toHaveLength(1);
  });

  test('invalid input names its fields', async () => {
    const fields = [{ name: 'server_type', messages: ['does not exist'] }];
    const { api } = await service(() => refusal(422, 'invalid_input', 'invalid input', { fields }));
    expect((await failure(api.servers.powerOn('17', signal))).message).toBe(
      'Hetzner: powering on server 17: invalid input; server_type: does not exist (invalid_input)',
    );
  });
});

describe('a service that does not answer', () => {
  test('is given up in time', async () => {
    const { api } = await service(() => 'silence', 0.2);
    const error = await failure(api.servers.get('17', signal));
    expect([error.status, error.message.includes('timed out')]).toEqual([0, true]);
  });

  test('can be cancelled', async () => {
    const { api } = await service(() => 'silence');
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    expect((await failure(api.servers.get('17', controller.signal))).message).toContain('cancelled');
  });

  test('is named with its address when nothing listens there', async () => {
    const { api, endpoint } = await service(() => ({}));
    for (const close of closers.splice(0)) await close();
    expect((await failure(api.servers.get('17', signal))).message).toContain(endpoint.replace(/\/$/, ''));
  });
});
