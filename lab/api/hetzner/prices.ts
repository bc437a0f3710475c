import { LOCATIONS, SERVER_TYPES, type ServerType } from './catalog.ts';

/** The lab's own prices, in the shape and the orders of size of the real ones. */
const CURRENCY = 'EUR';
const VAT_RATE = 19;
/** Percent by which a location is dearer than Germany and Finland: only so does it show which location somebody asked for. */
const DEARER: Readonly<Record<string, number>> = { ash: 12, hil: 12, sin: 38 };
/** Hours after which a month's price is reached. */
const CAP_HOURS = 624;
const IPV4_MONTHLY = 0.5;

interface Price {
  net: string;
  gross: string;
}

const price = (net: number): Price => ({
  net: net.toFixed(10),
  gross: ((net * (100 + VAT_RATE)) / 100).toFixed(10),
});

/** Hour and month; the hour is rounded as the price list rounds it. */
const times = (monthly: number): { price_hourly: Price; price_monthly: Price } => ({
  price_hourly: price(Number((monthly / CAP_HOURS).toFixed(4))),
  price_monthly: price(monthly),
});

export function serverTypePrices({ monthly, sold }: ServerType): object[] {
  return sold.map((location) => ({
    location,
    ...times(Number(((Number(monthly) * (100 + (DEARER[location] ?? 0))) / 100).toFixed(2))),
    included_traffic: zoneOf(location) === 'eu-central' ? 20 * 1024 ** 4 : 1024 ** 4,
    price_per_tb_traffic: price(1),
  }));
}

const zoneOf = (location: string): string | undefined => LOCATIONS.find(({ name }) => name === location)?.network_zone;

/** `GET /pricing`: of all that the service lists, what a site may buy. */
export function pricingView(): object {
  const addresses = (monthly: number) => LOCATIONS.map(({ name }) => ({ location: name, ...times(monthly) }));
  return {
    currency: CURRENCY,
    vat_rate: VAT_RATE.toFixed(6),
    primary_ips: [
      { type: 'ipv4', prices: addresses(IPV4_MONTHLY) },
      { type: 'ipv6', prices: addresses(0) },
    ],
    server_types: SERVER_TYPES.map((type) => ({ id: type.id, name: type.name, prices: serverTypePrices(type) })),
  };
}
