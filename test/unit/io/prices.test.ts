import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { digitalOceanPrices } from '../../../io/prices/digitalocean.ts';
import { hetznerPrices } from '../../../io/prices/hetzner.ts';
import { PriceError } from '../../../io/prices/types.ts';
import { startCloud, TOKENS } from '../lab/cloud.ts';
import { clouds, smallHttp, type Reply } from './small-http.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function cloud(answer: (path: string) => Reply) {
  const server = await smallHttp(answer);
  closing.push(server.close);
  return server;
}
const hetzner = (url: string, more: { timeoutSeconds?: number } = {}) =>
  hetznerPrices({ endpoint: `${url}/v1`, token: 'secret-token', ...more });
const digitalocean = (url: string) => digitalOceanPrices({ endpoint: url, token: 'secret-token' });

describe('prices of Hetzner', () => {
  test('are those of each location, of all pages, in the currency of the account, and addresses beside them', async () => {
    const server = await cloud(clouds);
    const list = await hetzner(server.url);
    expect(list).toMatchObject({ currency: 'EUR', vatRate: '19.000000' });
    expect(list.servers.get('cx23')?.get('fsn1')).toEqual({ net: '3.4900000000', gross: '4.1531000000' });
    expect(list.servers.get('cx23')?.get('hel1')?.net).toBe('3.9900000000');
    expect(list.servers.get('cx33')?.get('fsn1')?.net).toBe('5.4900000000');
    expect(list.servers.get('cx33')?.get('hel1')).toBeUndefined();
    expect(list.addresses?.get('hel1')?.net).toBe('0.6000000000');
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer secret-token'));
  });

  test('the lab tells them in the same form, dearer where it is dearer', async () => {
    const lab = await startCloud();
    closing.push(lab.close);
    const list = await hetznerPrices({ endpoint: `${lab.base}/v1`, token: TOKENS.staging });
    const net = (location: string): number => Number(list.servers.get('cpx22')?.get(location)?.net);
    expect(net('fsn1')).toBeGreaterThan(0);
    expect(net('sin')).toBeGreaterThan(net('fsn1'));
    expect(list.servers.get('cx23')?.has('sin')).toBe(false);
    expect(Number(list.addresses?.get('fsn1')?.net)).toBeGreaterThan(0);
    await expect(hetznerPrices({ endpoint: `${lab.base}/v1`, token: 'other' })).rejects.toMatchObject({ status: 401 });
  });
});

describe('prices of DigitalOcean', () => {
  test('are those of all pages, by region, in dollars and without tax; addresses cost nothing', async () => {
    const server = await cloud(clouds);
    const list = await digitalocean(server.url);
    expect(list).toMatchObject({ currency: 'USD' });
    expect(list.servers.get('s-1vcpu-1gb')?.get('nyc3')).toEqual({ net: '6.0000' });
    expect(list.servers.get('s-2vcpu-2gb')?.get('sgp1')).toEqual({ net: '17.5000' });
    expect(list.servers.get('s-2vcpu-2gb')?.has('nyc3')).toBe(false);
    expect([list.vatRate, list.addresses]).toEqual([undefined, undefined]);
    // The link to the next page is not followed: its host is not the one that the token is for.
    expect(server.asked.map(({ path }) => path)).toEqual(['/v2/sizes?per_page=200&page=1', '/v2/sizes?per_page=200&page=2']); // prettier-ignore
  });
});

describe('a cloud that does not tell its prices', () => {
  const failing = (reply: Reply) => cloud((path) => (path.startsWith('/v1/pricing') || path.startsWith('/v2') ? reply : clouds(path))); // prettier-ignore

  test.each([
    ['refuses the token', { status: 401, body: { error: { message: 'unable to authenticate' } } }, 401, 'unable to authenticate (401). The token is not valid there'], // prettier-ignore
    ['lets the token do less', { status: 403, body: { message: 'missing scope' } }, 403, 'missing scope (403). The token may not read prices'], // prettier-ignore
    ['is asked too often', { status: 429, body: {} }, 429, '{} (429). Too many requests'],
    ['is broken', { status: 502, body: '<html>bad gateway' }, 502, '<html>bad gateway (502)'],
    ['says nothing', { status: 500, body: '' }, 500, 'no reason given (500)'],
    ['answers with something else', { body: '<html>welcome' }, 200, 'does not answer with prices: the answer'],
    ['sends elsewhere', { status: 302, headers: { location: 'https://elsewhere.example/' }, body: '' }, 0, 'no answer from'], // prettier-ignore
  ])('%s: says who, what and why, and never the token', async (_, reply: Reply, status, told) => {
    const { url } = await failing(reply);
    for (const [name, read] of [
      ['Hetzner', hetzner],
      ['DigitalOcean', digitalocean],
    ] as const) {
      const error: unknown = await read(url).catch((refused: unknown) => refused);
      expect(error).toBeInstanceOf(PriceError);
      expect(error).toMatchObject({ status });
      const { message } = error as Error;
      expect(message).toContain(`${name}: `);
      expect(message).toContain(url);
      expect(message).toContain(told);
      expect(message).not.toContain('secret-token');
    }
  });

  test('names the field that is not as it should be', async () => {
    const { url } = await failing({ body: { pricing: { currency: 'EUR', vat_rate: 'much', primary_ips: [] }, sizes: [{ slug: 'x', price_monthly: 'much', regions: [] }] } }); // prettier-ignore
    await expect(hetzner(url)).rejects.toThrow('pricing.vat_rate');
    await expect(digitalocean(url)).rejects.toThrow('sizes.0.price_monthly');
  });

  test('is not waited for forever, nor is a list without an end', async () => {
    const { url } = await cloud(() => ({}));
    await expect(hetzner(url, { timeoutSeconds: 0.1 })).rejects.toThrow('timed out');
    const endless = await cloud(() => ({ body: { sizes: [], links: { pages: { next: 'x' } } } }));
    await expect(digitalocean(endless.url)).rejects.toThrow('has no end after 50 pages');
  });

  test('is not there', async () => {
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
    const { port } = socket.address() as AddressInfo;
    await new Promise((resolve) => socket.close(resolve));
    await expect(hetzner(`http://127.0.0.1:${port}`)).rejects.toMatchObject({ status: 0 });
  });
});
