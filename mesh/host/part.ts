import type { Release } from './spec.ts';

/** What one concern adds to a release. */
export type Part = Partial<Release>;

/** Joins parts. Two parts with the same file, unit or package are a mistake of ours: throws and names it. */
export function mergeParts(parts: readonly Part[]): Release {
  return {
    files: union('file', parts, (part) => part.files),
    units: union('unit', parts, (part) => part.units),
    packages: union('package', parts, (part) => part.packages),
  };
}

function union<T>(
  kind: string,
  parts: readonly Part[],
  pick: (part: Part) => Record<string, T> | undefined,
): Record<string, T> {
  const entries = parts.flatMap((part) => Object.entries(pick(part) ?? {})).sort(([a], [b]) => (a < b ? -1 : 1));
  entries.forEach(([key], i) => {
    if (i > 0 && entries[i - 1]?.[0] === key)
      throw new Error(`two parts of a release bring the ${kind} ${key}; it must belong to one`);
  });
  return Object.fromEntries(entries);
}

/** A unit of ours that sets something once and counts as running while it holds. */
export function oneshot(
  unit: string,
  text: string,
  watches: string[] = [],
  onChange: 'restart' | 'reload' = 'restart',
): Part {
  const path = `/etc/systemd/system/${unit}`;
  return {
    files: { [path]: { content: text, mode: '0644' } },
    units: { [unit]: { enabled: true, onChange, watches: [...watches, path].sort() } },
  };
}
