/** One step of a property path: a key of an object or an index of a list. */
export type Segment = string | number;

/**
 * A property path in Pulumi's syntax: `files["/etc/x"].content`, `list[0].name`.
 * Keys outside [A-Za-z0-9_] are quoted; inside quotes only `"` is escaped, because the engine's parser takes a backslash
 * before anything else literally (sdk/go/common/resource/properties_path.go). An empty path is the empty string.
 */
export function formatPath(path: readonly Segment[]): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (!/^[A-Za-z0-9_]+$/.test(segment)) text += `["${segment.replaceAll('"', '\\"')}"]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}

/** The top-level property that a path starts with: `files` of `files["/etc/x"].content`. */
export function rootOf(path: string): string {
  const quoted = /^\["((?:\\"|[^"])*)"\]/.exec(path);
  if (quoted?.[1] !== undefined) return quoted[1].replaceAll('\\"', '"');
  return /^[^.[]*/.exec(path)?.[0] ?? path;
}
