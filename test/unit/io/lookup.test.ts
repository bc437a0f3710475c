import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OceanLookup } from '../../../io/digitalocean/lookup.ts';
import { getJson, LookupError } from '../../../io/get-json.ts';
import { HetznerLookup } from '../../../io/hcloud/lookup.ts';

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

/** A cloud that answers as it is told, and remembers what it was asked. */
let reply: Reply;
let asked: { method: string; url: string; token: string }[];
let base: string;
let close: () => Promise<unknown>;

beforeEach(async () => {
  asked = [];
  const server = createServer((request, response) => {
    asked.push({
      method: request.method ?? '',
      url: request.url ?? '',
      token: request.headers.authorization ?? '',
    });
    reply(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  close = () => new Promise((resolve) => server.close(resolve));
});
afterEach(() => close());

const json =
  (body: unknown, status = 200): Reply =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
const server = (id: number, name: string): object => ({ id, name, labels: {}, private_net: [] });

describe('Hetzner', () => {
  test('all pages of a list, with GET and our token alone, asked once', async () => {
    reply = (request, response) => {
      const second = request.url?.includes('?page=2') === true;
      const pagination = { next_page: second ? null : 2 };
      json({ servers: [second ? server(2, 'b') : server(1, 'a')], meta: { pagination } })(request, response);
    };
    const cloud = new HetznerLookup({ token: 'secret', endpoint: `${base}/v1/` });
    expect((await cloud.list('servers')).map(({ name }) => name)).toEqual(['a', 'b']);
    await cloud.list('servers');
    expect(asked.map(({ url }) => url)).toEqual(['/v1/servers?page=1&per_page=50', '/v1/servers?page=2&per_page=50']);
    expect(new Set(asked.map(({ method, token }) => `${method} ${token}`))).toEqual(new Set(['GET Bearer secret']));
  });

  test('labels that are missing are none', async () => {
    reply = json({ firewalls: [{ id: 1, name: 'a', labels: null }] });
    expect(await new HetznerLookup({ token: 't', endpoint: base }).list('firewalls')).toMatchObject([{ labels: {} }]);
  });

  test('an answer of another shape is told, not taken for an empty project', async () => {
    reply = json({ servers: [{ id: 'one' }] });
    const list = new HetznerLookup({ token: 't', endpoint: base }).list('servers');
    await expect(list).rejects.toThrow(/GET \/servers is not a list/);
  });
});

test('DigitalOcean: pages are counted; a link elsewhere is not followed', async () => {
  reply = (request, response) => {
    const second = request.url?.includes('?page=2') === true;
    const pages = second ? {} : { next: 'https://elsewhere.example/v2/account/keys?page=2' };
    const key = { id: second ? 2 : 1, name: 'k', public_key: 'ssh-ed25519 A' };
    json({ ssh_keys: [key], links: { pages }, meta: { total: 2 } })(request, response);
  };
  const cloud = new OceanLookup({ token: 'secret', endpoint: base });
  expect((await cloud.list('ssh_keys')).map(({ id }) => id)).toEqual([1, 2]);
  expect(asked.map(({ url }) => url)).toEqual([
    '/v2/account/keys?page=1&per_page=200',
    '/v2/account/keys?page=2&per_page=200',
  ]);
});

test('DigitalOcean: an answer of another shape is told', async () => {
  reply = json({ droplets: 'none' });
  await expect(new OceanLookup({ token: 't', endpoint: base }).list('droplets')).rejects.toThrow(/not a list/);
});

describe('one question', () => {
  const options = { cloud: 'Acme', token: 'hunter2', pauseMs: 1 };

  test('is asked again when the cloud is busy, and three times at most', async () => {
    let times = 0;
    reply = (request, response) => {
      times += 1;
      json({ times }, times < 3 ? 503 : 200)(request, response);
    };
    expect(await getJson(`${base}/x`, options)).toEqual({ times: 3 });
    times = -10;
    await expect(getJson(`${base}/x`, options)).rejects.toThrow('Acme: GET /x was answered with 503');
    expect(asked).toHaveLength(6);
  });

  test('that is refused says so, without the token', async () => {
    reply = json({}, 401);
    const failure = await getJson(`${base}/x?y=1`, options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LookupError);
    expect(String(failure)).toContain('Acme refuses the token for GET /x (401)');
    expect(String(failure)).not.toContain('hunter2');
  });

  test('for something that is not there is answered with undefined', async () => {
    reply = json({}, 404);
    expect(await getJson(`${base}/x`, options)).toBeUndefined();
  });

  test('that nobody answers names the address', async () => {
    await expect(getJson('http://127.0.0.1:1/x', options)).rejects.toThrow(
      'Acme does not answer at http://127.0.0.1:1',
    );
  });

  test('that a page answers instead of JSON', async () => {
    reply = (_request, response) => response.end('<html>');
    await expect(getJson(`${base}/x`, options)).rejects.toThrow('not JSON');
  });
});
