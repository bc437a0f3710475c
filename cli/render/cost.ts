import { cloudOf } from '../../mesh/config/clouds.ts';
import type { Bill, HostCost, SiteCost } from '../cost/bill.ts';
import type { Change } from '../cost/change.ts';
import type { Compared, Costs } from '../cost/index.ts';
import { rounded, sum, type Amount, type Sum } from '../cost/money.ts';
import { siteTitle } from './plan.ts';
import { bold, columns, dim, green, red } from './style.ts';

/** What a stack costs a month, as somebody reads it who approves it. */
export function renderCost({ title, bill, compared }: Costs, prices: 'clouds' | 'lab'): string {
  return [
    `${bold(title)}  by the month, without tax${prices === 'lab' ? '; prices are the lab’s own' : ''}`,
    ...bill.sites.map(renderSite),
    [bold('Total'), columns([], totals(bill))].join('\n'),
    ...(compared === undefined ? [] : [renderDifference(compared)]),
    dim('Not in it: traffic beyond what is included, backups, snapshots, the tailnet itself.'),
  ].join('\n\n');
}

function renderSite(site: SiteCost): string {
  const { cloud, hosts, existing, net } = site;
  const head = siteTitle(site);
  if (!cloudOf(cloud).sells)
    return `${head}\n  ${dim(`${existing} existing ${existing === 1 ? 'host' : 'hosts'}: nothing is bought here`)}`;
  const rows = hosts.map((host) => [
    host.host,
    host.type,
    rounded(host.server),
    addressOf(host),
    money(host.currency, host.net),
  ]);
  const end = [...net].map(([currency, value]) => [dim('site'), '', '', '', bold(money(currency, value))]);
  return `${head}\n${columns(['host', 'server', 'price', 'address', 'month'], [...rows, ...end])}`;
}

const addressOf = ({ address }: HostCost): string => (address === undefined ? dim('included') : rounded(address));
const money = (currency: string, value: Amount): string => `${rounded(value)} ${currency}`;

function totals({ net, gross, vatRates }: Bill): string[][] {
  if (net.size === 0) return [['nothing is bought']];
  return [...net].map(([currency, value]) => {
    const rates = vatRates.get(currency) ?? [];
    const taxed =
      rates.length === 0
        ? ''
        : `${money(currency, gross.get(currency) ?? value)} with ${rates.map(percent).join(' and ')} % VAT`;
    return [bold(money(currency, value)), dim(taxed)];
  });
}

/** `19.000000` is 19. */
const percent = (rate: string): string => rate.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');

function renderDifference({ told, difference, uncounted }: Compared): string {
  const { changes, net } = difference;
  const notes = uncounted.map((one) => `  ${dim(`not counted: ${one}`)}`);
  if (changes.length === 0 && notes.length === 0) return `${bold(`Against ${told}`)}\n  no difference`;
  return [
    bold(`Against ${told}`) + dim('  (both at today’s prices)'),
    ...(changes.length === 0 ? [] : [columns(['', 'host', 'site', 'server', 'month'], changes.map(changeRow))]),
    ...notes,
    `  ${bold('difference')}  ${renderSum(net)}`,
  ].join('\n');
}

const renderSum = (amounts: Sum): string =>
  amounts.size === 0 ? 'none' : [...amounts].map(([currency, value]) => signed(currency, value)).join(', ');

function signed(currency: string, value: Amount): string {
  const told = `${value > 0n ? '+' : ''}${money(currency, value)}`;
  return value > 0n ? red(told) : value < 0n ? green(told) : told;
}

function changeRow({ host, before, after }: Change): string[] {
  const mark = before === undefined ? '+' : after === undefined ? '-' : '~';
  const both = (part: (cost: HostCost) => string): string => {
    const values = [before, after].flatMap((cost) => (cost === undefined ? [] : [part(cost)]));
    return [...new Set(values)].join(' → ');
  };
  return [
    mark,
    host,
    both(({ site, location }) => `${site} (${location})`),
    both(({ type }) => type),
    priceChange(before, after),
  ];
}

const priceChange = (before: HostCost | undefined, after: HostCost | undefined): string =>
  renderSum(
    sum([
      ...(before === undefined ? [] : [{ currency: before.currency, value: -before.net }]),
      ...(after === undefined ? [] : [{ currency: after.currency, value: after.net }]),
    ]),
  );
