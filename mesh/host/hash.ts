import { createHash } from 'node:crypto';
import type { Release } from './spec.ts';

/** Plain JSON without numbers: their spelling differs between languages, and a release needs none. */
export type CanonicalValue =
  null | boolean | string | readonly CanonicalValue[] | { readonly [key: string]: CanonicalValue };

/**
 * JSON with sorted keys and no blanks, byte for byte what Python's
 * `json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False)` writes: the host computes the same hash with it.
 * Throws on lone surrogates, which have no UTF-8 form and would hash differently on either side.
 */
export function canonicalJson(value: CanonicalValue): string {
  if (typeof value === 'string') {
    if (!value.isWellFormed())
      throw new TypeError('text with a lone surrogate has no UTF-8 form; write the character in full');
    return JSON.stringify(value);
  }
  if (value === null || typeof value === 'boolean') return String(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value)
    .sort(([a], [b]) => byCodePoint(a, b))
    .map(([key, member]) => `${canonicalJson(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** Hash that names a release: lower-case hex sha256 of the canonical JSON of its files, units and packages. */
export function releaseHash(release: Release): string {
  const { files, units, packages } = release;
  const plain: Record<string, CanonicalValue> = {
    files: mapValues(files, ({ content, mode }) => ({ content, mode })),
    units: mapValues(units, ({ enabled, onChange, watches }) => ({ enabled, onChange, watches })),
    packages,
  };
  return createHash('sha256').update(canonicalJson(plain), 'utf8').digest('hex');
}

function isList(value: CanonicalValue): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}

/** Python sorts by code point, JavaScript by UTF-16 unit: they differ above U+FFFF. UTF-8 order is code point order. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

function mapValues<T>(record: Record<string, T>, change: (value: T) => CanonicalValue): Record<string, CanonicalValue> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
