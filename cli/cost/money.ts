/** Decimals that clouds tell: Hetzner writes ten. Sums are exact, rounding is for the eye alone. */
const DECIMALS = 10;
const UNIT = 10n ** BigInt(DECIMALS);

/** An amount in ten-billionths of its currency. Amounts of two currencies never meet: see Sum. */
export type Amount = bigint;

/** Reads `3.49`. Throws on anything that is no plain decimal number. */
export function amount(text: string): Amount {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === '') throw new Error(`"${text}" is not an amount`);
  const value = BigInt(whole) * UNIT + BigInt(fraction.padEnd(DECIMALS, '0').slice(0, DECIMALS));
  return sign === '-' ? -value : value;
}

/** Rounded half away from zero, to two decimals. */
export function rounded(value: Amount): string {
  const cent = UNIT / 100n;
  const absolute = value < 0n ? -value : value;
  const cents = (absolute + cent / 2n) / cent;
  return `${value < 0n && cents > 0n ? '-' : ''}${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
}

/** As it is: `3.49`, `0.0052`; two decimals at least. */
export function exact(value: Amount): string {
  const absolute = value < 0n ? -value : value;
  const fraction = String(absolute % UNIT)
    .padStart(DECIMALS, '0')
    .replace(/0+$/, '')
    .padEnd(2, '0');
  return `${value < 0n ? '-' : ''}${absolute / UNIT}.${fraction}`;
}

/** Amounts by currency, sorted by currency. */
export type Sum = ReadonlyMap<string, Amount>;

export function sum(amounts: readonly { currency: string; value: Amount }[]): Sum {
  const totals = new Map<string, Amount>();
  for (const { currency, value } of amounts) totals.set(currency, (totals.get(currency) ?? 0n) + value);
  return new Map([...totals].sort(([a], [b]) => (a < b ? -1 : 1)));
}
