import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { obtainRepository, type Repository, servePackages } from '../../../lab/machines/image/packages.ts';
import { architecture } from '../../../lab/machines/image/tailscale-package.ts';
import { type LabAuthority, labAuthority } from '../../../lab/tls.ts';

const exec = promisify(execFile);
const works = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const DPKG_DEB = 'dpkg-deb';
const hasDpkg = works(DPKG_DEB);
const hasApt = hasDpkg && works('apt-get');

let dir: string;
let authority: LabAuthority;
let repository: Repository;
const options = (): Parameters<typeof obtainRepository>[0] => ({
  cacheDir: join(dir, 'cache'),
  tailscaled: join(dir, 'tailscaled'),
});

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-packages-'));
  writeFileSync(join(dir, 'tailscaled'), '#!/bin/sh\necho the daemon\n');
  authority = await labAuthority(join(dir, 'lab'));
  if (hasDpkg) repository = await obtainRepository(options());
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Serves on loopback and answers the address; `lab`: whose certificate the server has. */
async function serve(root: { dir: string }, lab = authority): Promise<string> {
  const server = await servePackages({ repository: root, tls: await lab.issue({ ips: ['127.0.0.1'] }), port: 0 });
  onTestFinished(() => server.close());
  return `https://127.0.0.1:${server.port}`;
}

/** What is at a path, taken as it is written: a URL would resolve its dots. */
const ask = (url: string, path: string): Promise<{ status: number | undefined; body: Buffer }> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(url);
    get({ host: '127.0.0.1', port, path, ca: authority.caPem, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('end', () => resolve({ status: answer.statusCode, body: Buffer.concat(chunks) }));
    }).once('error', reject);
  });

/** A copy that the test may harm. */
function copy(): { dir: string } {
  const at = mkdtempSync(join(dir, 'copy-'));
  cpSync(repository.dir, at, { recursive: true });
  return { dir: at };
}

/** An apt that knows nothing of this machine: its own folders, one source, written as the host tool writes it. */
function newApt(url: string, { id = 'debian', codename = 'bookworm', keyring = join(repository.dir, 'key.gpg') } = {}) {
  const root = mkdtempSync(join(dir, 'apt-'));
  for (const folder of ['etc/apt/preferences.d', 'etc/apt/apt.conf.d', 'state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'status'), '');
  writeFileSync(join(root, 'ca.pem'), authority.caPem);
  writeFileSync(join(root, 'sources.list'), `deb [signed-by=${keyring}] ${url}/${id} ${codename} main\n`);
  const settings = {
    'Dir::Etc': join(root, 'etc/apt'),
    'Dir::Etc::sourcelist': join(root, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State': join(root, 'state'),
    'Dir::State::status': join(root, 'status'),
    'Dir::Cache': join(root, 'cache'),
    'Acquire::https::CAInfo': join(root, 'ca.pem'),
    'APT::Sandbox::User': '',
    'APT::Update::Error-Mode': 'any',
    'Acquire::Retries': '0',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return (...args: string[]): Promise<string> =>
    exec('apt-get', ['-q', ...flags, ...args], { cwd: root, env: { PATH: process.env.PATH, LANG: 'C.UTF-8' } }).then(
      ({ stdout }) => stdout + readdirSync(root).join(' '),
    );
}

describe.skipIf(!hasApt)('apt (needs apt-get)', () => {
  test.each([
    ['debian', 'bookworm'],
    ['debian', 'trixie'],
    ['ubuntu', 'jammy'],
    ['ubuntu', 'noble'],
  ])('of %s %s takes both versions', async (id, codename) => {
    const apt = newApt(await serve(repository), { id, codename });
    await apt('update');
    for (const version of ['1.102.3', '1.102.2'])
      expect(await apt('download', `tailscale=${version}`)).toContain(`tailscale_${version}_${architecture}.deb`);
  });

  test('control: a version that is not there is not taken', async () => {
    const apt = newApt(await serve(repository));
    await apt('update');
    await expect(apt('download', 'tailscale=1.102.1')).rejects.toThrow(
      /Version '1\.102\.1' for 'tailscale' was not found/,
    );
  });

  test('refuses an index that is not what was signed', async () => {
    const harmed = copy();
    const index = join(harmed.dir, 'dists/bookworm/main', `binary-${architecture}`);
    rmSync(join(index, 'Packages.gz'));
    writeFileSync(join(index, 'Packages'), readFileSync(join(index, 'Packages'), 'utf8').replace('1.102.2', '1.102.1'));
    await expect(newApt(await serve(harmed))('update')).rejects.toThrow(/Hash Sum mismatch/);
  });

  test('refuses a list that was changed after it was signed', async () => {
    const harmed = copy();
    const release = join(harmed.dir, 'dists/bookworm/InRelease');
    writeFileSync(release, readFileSync(release, 'utf8').replace('Label: site-mesh', 'Label: other'));
    await expect(newApt(await serve(harmed))('update')).rejects.toThrow(/BADSIG|invalid/);
  });

  test('refuses a package that is not the indexed one', async () => {
    const harmed = copy();
    const file = join(harmed.dir, 'pool', `tailscale_1.102.3_${architecture}.deb`);
    const bytes = readFileSync(file);
    bytes[bytes.length - 30] = (bytes[bytes.length - 30] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const apt = newApt(await serve(harmed));
    await apt('update');
    await expect(apt('download', 'tailscale=1.102.3')).rejects.toThrow(/Hash Sum mismatch/);
  });

  test('refuses another repository’s key, and a server of another authority', async () => {
    const other = await obtainRepository({ ...options(), cacheDir: join(dir, 'other-cache') });
    expect(other.fingerprint).not.toBe(repository.fingerprint);
    const keyring = join(other.dir, 'key.gpg');
    await expect(newApt(await serve(repository), { keyring })('update')).rejects.toThrow(/NO_PUBKEY|not signed/);
    const stranger = await labAuthority(join(dir, 'other-lab'));
    await expect(newApt(await serve(repository, stranger))('update')).rejects.toThrow(/certificate/i);
  });

  test('also verifies where InRelease is missing, by Release and its signature', async () => {
    const old = copy();
    rmSync(join(old.dir, 'dists/bookworm/InRelease'));
    await newApt(await serve(old))('update');
    writeFileSync(
      join(old.dir, 'dists/bookworm/Release'),
      readFileSync(join(old.dir, 'dists/bookworm/Release'), 'utf8').replace('Label: site-mesh', 'Label: other'),
    );
    await expect(newApt(await serve(old))('update')).rejects.toThrow(/BADSIG|invalid/);
  });
});

describe.skipIf(!hasDpkg)('the repository (needs dpkg-deb)', () => {
  test('serves the key that the host tool will compare with the pinned fingerprint', async () => {
    const { body } = await ask(await serve(repository), '/debian/bookworm.noarmor.gpg');
    const script = `import sys; from mesh_host.openpgp import primary_fingerprint
print(primary_fingerprint(sys.stdin.buffer.read()))`;
    const said = execFileSync('python3', ['-c', script], {
      input: body,
      env: { ...process.env, PYTHONPATH: join(import.meta.dirname, '../../../host'), PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(said.toString().trim()).toBe(repository.fingerprint);
  });

  test('is served at the vendor’s paths of each distribution, and nothing else is', async () => {
    const url = await serve(repository);
    for (const path of ['/ubuntu/noble.noarmor.gpg', '/debian/dists/trixie/InRelease'])
      expect(await ask(url, path), path).toMatchObject({ status: 200 });
    for (const path of [
      ...['/debian/noble.noarmor.gpg', '/ubuntu/dists/trixie/InRelease', '/debian/key.gpg', '/'],
      ...['/debian/pool/../../record.json', '/debian/pool/%2e%2e/%2e%2e/record.json'],
    ])
      expect(await ask(url, path), path).toMatchObject({ status: 404 });
  });

  test('is laid out as the vendor’s package: a daemon, its other name, a unit, one file of settings', () => {
    const file = join(repository.dir, 'pool', `tailscale_1.102.2_${architecture}.deb`);
    const listed = execFileSync(DPKG_DEB, ['--contents', file]).toString();
    const entries = [...listed.matchAll(/^(\S+) (\S+) .* \.\/(\S+[^/\s])(?: -> (\S+))?$/gm)].map((match) =>
      match.slice(1),
    );
    expect(entries).toEqual([
      ['-rw-r--r--', 'root/root', 'etc/default/tailscaled', undefined],
      ['-rw-r--r--', 'root/root', 'lib/systemd/system/tailscaled.service', undefined],
      ['-rwxr-xr-x', 'root/root', 'usr/sbin/tailscaled', undefined],
      ['lrwxrwxrwx', 'root/root', 'usr/bin/tailscale', '../sbin/tailscaled'],
    ]);
    expect(execFileSync(DPKG_DEB, ['--field', file, 'Version']).toString()).toBe('1.102.2\n');
    expect(execFileSync(DPKG_DEB, ['--info', file, 'conffiles']).toString()).toBe('/etc/default/tailscaled\n');
  });

  test('is made once; another daemon makes another one, and a damaged one is made again under a new key', async () => {
    expect(await obtainRepository(options())).toEqual(repository);
    writeFileSync(join(dir, 'newer'), '#!/bin/sh\necho a newer daemon\n');
    const newer = await obtainRepository({ ...options(), tailscaled: join(dir, 'newer') });
    expect(newer.dir).not.toBe(repository.dir);
    writeFileSync(join(newer.dir, 'dists/noble/InRelease'), '');
    const again = await obtainRepository({ ...options(), tailscaled: join(dir, 'newer') });
    expect(again.dir).toBe(newer.dir);
    expect(again.fingerprint).not.toBe(newer.fingerprint);
  });

  test('without dpkg-deb: the message names the package', async () => {
    const attempt = obtainRepository({ ...options(), cacheDir: join(dir, 'third'), env: { PATH: join(dir, 'empty') } });
    await expect(attempt).rejects.toThrow(/no `dpkg-deb` on PATH\n.*Debian package dpkg/);
    expect(readdirSync(join(dir, 'third'))).toEqual([]);
  });
});
