import type { HostCost } from './bill.ts';
import type { Costs } from './index.ts';
import { exact, type Sum } from './money.ts';

/** The answer for programs. Amounts are decimals as text, exact, in their currency, by the month. */
export function costJson({ bill, compared }: Costs, stack: string, prices: 'clouds' | 'lab'): unknown {
  return {
    stack,
    prices,
    sites: bill.sites.map(({ net, hosts, ...site }) => ({ ...site, net: sums(net), hosts: hosts.map(host) })),
    net: sums(bill.net),
    gross: sums(bill.gross),
    vatRates: Object.fromEntries(bill.vatRates),
    ...(compared && {
      against: {
        revision: compared.told,
        changes: compared.difference.changes.map(({ host: name, before, after }) => ({
          host: name,
          before: before ? host(before) : null,
          after: after ? host(after) : null,
        })),
        net: sums(compared.difference.net),
        notCounted: compared.uncounted,
      },
    }),
  };
}

const sums = (sum: Sum): Record<string, string> =>
  Object.fromEntries([...sum].map(([currency, value]) => [currency, exact(value)]));

const host = ({ server, address, net, gross, ...rest }: HostCost): Record<string, unknown> => ({
  ...rest,
  server: exact(server),
  address: address === undefined ? null : exact(address),
  net: exact(net),
  gross: exact(gross),
});
