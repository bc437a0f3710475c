import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const DEFAULT = 'http://deb.debian.org/debian';

/** The Debian mirror that this machine's own apt uses, if it uses one. */
export function debianMirror(folder = '/etc/apt'): string {
  const texts = [join(folder, 'sources.list'), ...listed(join(folder, 'sources.list.d'))].map(read);
  const found = texts
    .flatMap((text) => [...text.matchAll(/^(?:deb\s+(?:\[[^\]]*\]\s+)?|URIs:\s*)(https?:\/\/\S+)/gm)])
    .map(([, address = '']) => address.replace(/\/+$/, ''))
    .find((address) => address.endsWith('/debian'));
  return found ?? DEFAULT;
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(list|sources)$/.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
