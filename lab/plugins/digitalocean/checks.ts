import ipaddr from 'ipaddr.js';
import type { Value } from '../../../io/rpc/types.ts';
import { list, shown } from '../resource.ts';

type Refusal = (value: Value) => string | undefined;

/** All of the checks, in order; the first reason counts. */
export function all(...checks: Refusal[]): Refusal {
  return (value) => {
    for (const check of checks) {
      const reason = check(value);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}

export const notEmpty: Refusal = (value) =>
  value === '' || value === 0 ? `must not be empty, got ${shown(value)}` : undefined;

export const oneOf =
  (allowed: readonly string[], ignoreCase = false): Refusal =>
  (value) =>
    allowed.some((entry) => entry === value || (ignoreCase && entry.toLowerCase() === shown(value).toLowerCase()))
      ? undefined
      : `expected one of ${JSON.stringify(allowed)}, got ${shown(value)}`;

export const length =
  (least: number, most: number): Refusal =>
  (value) =>
    typeof value === 'string' && value.length >= least && value.length <= most
      ? undefined
      : `expected length to be in the range (${least} - ${most}), got ${shown(value)}`;

export const cidr: Refusal = (value) =>
  typeof value === 'string' && ipaddr.isValidCIDR(value)
    ? undefined
    : `expected to be a valid IPv4 Value, got ${shown(value)}: invalid CIDR address: ${shown(value)}`;

export const ipv4: Refusal = (value) =>
  typeof value === 'string' && ipaddr.IPv4.isValidFourPartDecimal(value)
    ? undefined
    : `expected to contain a valid IPv4 address, got: ${shown(value)}`;

export const each =
  (check: Refusal): Refusal =>
  (value) =>
    list(value)
      .map(check)
      .find((reason) => reason !== undefined);

export const tagName: Refusal = (value) =>
  typeof value === 'string' && /^[a-zA-Z0-9:\-_]{1,255}$/.test(value)
    ? undefined
    : 'tags may contain lowercase letters, numbers, colons, dashes, and underscores; there is a limit of 255 characters per tag';

/** What tells tags apart: not their case. */
export const tagKey = (value: Value): string => shown(value).toLowerCase();

/** Slugs are kept in lower case. */
export const sameSlug = (state: Value, program: Value): boolean =>
  shown(state).toLowerCase() === shown(program).toLowerCase();

export function slug(value: Value): string | undefined {
  return typeof value === 'string' && value !== '' ? value.toLowerCase() : undefined;
}
