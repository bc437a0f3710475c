import { createHash } from 'node:crypto';

/** First line of every policy that we push: tells our text from somebody else's, and an edited one from an untouched one. */
const HEADER = /^\/\/ site-mesh (\S+) sha256:([0-9a-f]{64})[^\S\n]*(?:\n|$)/;

/**
 * Puts our mark before a policy text.
 * @param owner `<network>/<stack>-tailnet`, no blanks
 * @param body HuJSON, what the checksum covers
 * @throws RangeError when the owner has blanks, which could not be read back
 */
export function withHeader(owner: string, body: string): string {
  if (!/^\S+$/.test(owner)) throw new RangeError(`policy owner must be one word: ${JSON.stringify(owner)}`);
  return `// site-mesh ${owner} sha256:${sha256(body)}\n${body}`;
}

/** Whose policy this is; undefined when its first line is not our mark. `intact`: nobody changed what follows since. */
export function readHeader(text: string): { owner: string; intact: boolean } | undefined {
  const [line = '', owner = '', sum] = HEADER.exec(text) ?? [];
  return sum === undefined ? undefined : { owner, intact: sum === sha256(text.slice(line.length)) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
