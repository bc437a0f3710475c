import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  path: string;
  headers: IncomingHttpHeaders;
}
export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** Text is sent as it is, anything else as JSON. Undefined: no answer, ever. */
  body?: unknown;
}

/** An HTTP server on loopback that answers what it is told and remembers what it was asked. */
export async function smallHttp(answer: (path: string) => Reply) {
  const asked: Asked[] = [];
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push({ path, headers: request.headers });
    const { status = 200, headers = {}, body } = answer(path);
    if (body === undefined) return;
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const month = (location: string, net: string, gross: string) => ({ location, price_monthly: { net, gross } });

/** Hetzner's price list and servers on two pages, DigitalOcean's sizes on two pages. */
export function clouds(path: string): Reply {
  const { pathname, searchParams } = new URL(path, 'http://x');
  const page = searchParams.get('page');
  if (pathname === '/v1/pricing')
    return { body: { pricing: { currency: 'EUR', vat_rate: '19.000000', primary_ips: [{ type: 'ipv6', prices: [month('fsn1', '0.0000', '0.0000')] }, { type: 'ipv4', prices: [month('fsn1', '0.5000000000', '0.5950000000'), month('hel1', '0.6000000000', '0.7140000000')] }] } } }; // prettier-ignore
  if (pathname === '/v1/server_types') {
    const small = { name: 'cx23', prices: [month('fsn1', '3.4900000000', '4.1531000000'), month('hel1', '3.9900000000', '4.7481000000')] }; // prettier-ignore
    const large = { name: 'cx33', prices: [month('fsn1', '5.4900000000', '6.5331000000')] };
    return { body: { server_types: [page === '1' ? small : large], meta: { pagination: { next_page: page === '1' ? 2 : null } } } }; // prettier-ignore
  }
  if (pathname === '/v2/sizes') {
    const small = { slug: 's-1vcpu-1gb', price_monthly: 6, regions: ['sgp1', 'nyc3'] };
    const large = { slug: 's-2vcpu-2gb', price_monthly: 17.5, regions: ['sgp1'] };
    return { body: page === '1' ? { sizes: [small], links: { pages: { next: 'https://elsewhere.example/v2/sizes?page=2' } } } : { sizes: [large], links: {} } }; // prettier-ignore
  }
  return { status: 404, body: { message: 'no such path' } };
}
