/** IP addresses and prefixes of a policy. Everything is compared as parsed values, never as text. */
import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;
export interface Prefix {
  address: Address;
  bits: number;
}

/** Node addresses: the CGNAT range and Tailscale's ULA. */
export const CGNAT: Prefix = { address: ipaddr.parse('100.64.0.0'), bits: 10 };
export const ULA: Prefix = { address: ipaddr.parse('fd7a:115c:a1e0::'), bits: 48 };
/** A hole in the CGNAT range: ChromeOS virtual machines use it, so no node has an address there. */
export const CHROMEOS: Prefix = { address: ipaddr.parse('100.115.92.0'), bits: 23 };

/** A single address, or undefined. Takes only the full dotted form of IPv4, no zone. */
export function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined;
}

const size = (address: Address): number => (address.kind() === 'ipv4' ? 32 : 128);

/** A prefix, or a single address as a prefix of full length; undefined when it is neither. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash < 0) return { address, bits: size(address) };
  const bits = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(bits) || Number(bits) > size(address)) return undefined;
  return { address, bits: Number(bits) };
}

/** The first address of the prefix is not the one written. */
export function hasHostBits(prefix: Prefix): boolean {
  const bytes = prefix.address.toByteArray();
  return bytes.some((byte, index) => (byte & (0xff >> Math.min(8, Math.max(0, prefix.bits - index * 8)))) !== 0);
}

export const isSingle = (prefix: Prefix): boolean => prefix.bits === size(prefix.address);

export function contains(prefix: Prefix, address: Address): boolean {
  return prefix.address.kind() === address.kind() && address.match(prefix.address, prefix.bits);
}

/** All of `inner` lies in `outer`. */
export function covers(outer: Prefix, inner: Prefix): boolean {
  return outer.bits <= inner.bits && contains(outer, inner.address);
}

/** An address of the public internet: what `autogroup:internet` means. */
export const isPublic = (address: Address): boolean => address.range() === 'unicast';

export const formatPrefix = (prefix: Prefix): string => `${prefix.address.toString()}/${prefix.bits}`;
