import { mkdtempSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { labAuthority, type TlsIdentity } from '../../../lab/tls.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-tls-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** What a client that trusts `ca` says of a server that it knows as `name`. */
async function meets(identity: TlsIdentity, ca: string, name: string): Promise<string> {
  const server = createServer({ cert: identity.cert, key: identity.key }, (socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise<string>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', ca, servername: /^[\d.]+$/.test(name) ? '' : name });
      socket.once('secureConnect', () => {
        socket.destroy();
        resolve('trusted');
      });
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  } finally {
    server.close();
  }
}

test('a client that trusts the authority believes its servers, by name and by address', async () => {
  const authority = await labAuthority(dir);
  const identity = await authority.issue({ names: ['control.lab'], ips: ['127.0.0.1'] });
  expect(await meets(identity, authority.caPem, 'control.lab')).toBe('trusted');
  expect(await meets(identity, authority.caPem, '127.0.0.1')).toBe('trusted');
});

test('control: another name, another address, another authority are not believed', async () => {
  const authority = await labAuthority(dir);
  const identity = await authority.issue({ names: ['control.lab'], ips: ['198.18.0.16'] });
  expect(await meets(identity, authority.caPem, 'other.lab')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await meets(identity, authority.caPem, '127.0.0.1')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  const other = await labAuthority(join(dir, 'other'));
  expect(await meets(identity, other.caPem, 'control.lab')).not.toBe('trusted');
});

test('one authority for each directory, read by its owner only', async () => {
  const [first, second] = await Promise.all([labAuthority(dir), labAuthority(dir)]);
  expect((await labAuthority(dir)).caPem).toBe((await labAuthority(dir)).caPem);
  expect(statSync(join(dir, 'authority.pem')).mode & 0o777).toBe(0o600);
  expect([first.caPem, second.caPem]).toContain((await labAuthority(dir)).caPem);
});
