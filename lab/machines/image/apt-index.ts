import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as openpgp from 'openpgp';
import { stanza } from './tailscale-package.ts';

/** A package that lies in the repository: its control fields and its path there. */
export interface Indexed {
  fields: Readonly<Record<string, string>>;
  path: string;
}

/** The public key, binary, in the repository's folder. */
export const KEY_FILE = 'key.gpg';

/** A day ago: clocks of machines may be behind, and neither apt nor gpgv takes anything from the future. */
const DAY_MS = 86_400_000;

/**
 * Makes the repository at `root` out of the packages in it: dists/CODENAME with signed Packages, and the public key. All
 * code names have the same packages. The private key is forgotten: what has been signed stays as it is, and another
 * repository is another key.
 */
export async function indexPackages(
  root: string,
  packages: readonly Indexed[],
  options: { codenames: readonly string[]; architecture: string },
): Promise<void> {
  const date = new Date(Date.now() - DAY_MS);
  const { privateKey } = await openpgp.generateKey({
    // The form of ed25519 that every gpgv in use knows.
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name: 'site-mesh lab packages' }],
    subkeys: [],
    date,
    format: 'object',
  });
  await write(join(root, KEY_FILE), privateKey.toPublic().write());
  const list = (await Promise.all(packages.map((indexed) => entry(root, indexed)))).join('\n');
  const folder = `main/binary-${options.architecture}`;
  const indexes = { [`${folder}/Packages`]: Buffer.from(list), [`${folder}/Packages.gz`]: gzipSync(list) };
  for (const codename of options.codenames) {
    const dist = join(root, 'dists', codename);
    for (const [path, content] of Object.entries(indexes)) await write(join(dist, path), content);
    const sums = Object.entries(indexes).map(([path, content]) => ` ${sha256(content)} ${content.length} ${path}`);
    const release = stanza({
      Origin: 'site-mesh lab',
      Label: 'site-mesh lab',
      Suite: codename,
      Codename: codename,
      Architectures: options.architecture,
      Components: 'main',
      Date: date.toUTCString(),
      SHA256: `\n${sums.join('\n')}`,
    });
    const message = await openpgp.createCleartextMessage({ text: release });
    const detached = await openpgp.createMessage({ text: release });
    await write(join(dist, 'Release'), release);
    await write(join(dist, 'InRelease'), await openpgp.sign({ message, signingKeys: privateKey, date }));
    // Its type wants a package of streams that nobody here has; signed text is text.
    const signature = (await openpgp.sign({
      message: detached,
      signingKeys: privateKey,
      date,
      detached: true,
    })) as string;
    await write(join(dist, 'Release.gpg'), signature);
  }
}

/** Fingerprint of a repository's key: upper-case hex. */
export async function fingerprintAt(root: string): Promise<string> {
  const key = await openpgp.readKey({ binaryKey: await readFile(join(root, KEY_FILE)) });
  return key.getFingerprint().toUpperCase();
}

async function entry(root: string, { fields, path }: Indexed): Promise<string> {
  const file = await readFile(join(root, path));
  return stanza({ ...fields, Filename: path, Size: String(file.length), SHA256: sha256(file) });
}

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
