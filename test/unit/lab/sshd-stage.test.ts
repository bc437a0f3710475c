import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../lab/sshd/release.ts';
import { drive, server, sha256, startLab, type Driven, type Lab } from './sshd-fixtures.ts';
import { file, hashOf, release, request } from './sshd-releases.ts';

let lab: Lab;
let host: Driven;
beforeEach(async () => {
  lab = await startLab();
  host = await drive(lab);
});
afterEach(() => lab.sshd.close());

describe('stage', () => {
  test('answers the hash of what arrived, what would change, and which checks it could not make', async () => {
    const { code, json } = await host.run('apply stage', request(release()));
    expect(code).toBe(0);
    expect(json).toMatchObject({ hash: hashOf(release()), changed: ['/etc/site-mesh/a.conf', '/etc/site-mesh/b.nft'] });
    expect(json.checks).toContainEqual(
      expect.objectContaining({ name: 'nft /etc/site-mesh/b.nft', result: 'skipped' }),
    );
    expect(lab.sshd.unexecuted()).toContainEqual(
      expect.objectContaining({ host: 'fra-edge-01', what: 'the nftables rules were not checked (nft -c)' }),
    );
  });

  test('where the cloud chose the LAN address, a release for another one is refused', async () => {
    lab.servers[0] = server({ lanAddress: '10.77.20.7' });
    const known = await drive(lab);
    const { code, json } = await known.run('apply stage', request(release()));
    expect([code, json]).toMatchObject([
      3,
      { error: { code: 'check-failed', checks: [{ name: 'interfaces', result: 'failed' }] } },
    ]);
    expect((await known.run('facts')).json.interfaces).toMatchObject({ lan: { name: 'eth1', address: '10.77.20.7' } });
    expect((await known.run('apply stage', { ...request(release()), lan: '10.77.20.7' })).code).toBe(0);
  });

  test('the hash does not depend on the order of keys', async () => {
    const one = release({ packages: { a1: '1', b1: '2' } });
    const other = release({ packages: { b1: '2', a1: '1' } });
    const answers = [await host.run('apply stage', request(one)), await host.run('apply stage', request(other))];
    expect(answers[0]?.json.hash).toBe(answers[1]?.json.hash);
    expect((await host.run('apply stage', request(release()))).json.hash).not.toBe(answers[0]?.json.hash);
  });

  test('changes nothing on the host', async () => {
    await host.run('apply stage', request(release()));
    expect((await host.run('apply status')).json).toMatchObject({
      active: null,
      confirmed: null,
      live: null,
      drift: [],
    });
  });

  test('with flip-byte the hash is another one, without it ours', async () => {
    lab.faults.set('flip-byte', 'fra-edge-01');
    expect((await host.run('apply stage', request(release()))).json.hash).not.toBe(hashOf(release()));
    lab.faults.clear();
    expect((await host.run('apply stage', request(release()))).json.hash).toBe(hashOf(release()));
  });

  test('credentials leave only their names and hashes in the journal', async () => {
    const secret = 'hunter2-of-the-lab';
    const { json } = await host.run('apply stage', request(release(), { credentials: { token: secret } }));
    expect(json.hash).toBe(hashOf(release()));
    expect(lab.store.text()).not.toContain(secret);
    expect(lab.store.text()).toContain(sha256(secret));
  });

  const a = { '/etc/a': file('') };
  test.each<[string, unknown]>([
    ['no JSON', 'no JSON'],
    ['a key twice', JSON.stringify(request(release())).replace('{"release"', '{"lan":"10.77.10.2","release"')],
    ['a missing key', { release: release() }],
    ['an unknown key', request(release(), { more: 1 })],
    ['a relative path', request(release({ files: { 'etc/a': file('') }, units: {} }))],
    ['a path that climbs', request(release({ files: { '/etc/../a': file('') }, units: {} }))],
    [
      'a path that is the host’s own',
      request(release({ files: { '/var/lib/site-mesh/state.json': file('') }, units: {} })),
    ],
    ['a mode that anybody may write', request(release({ files: { '/etc/a': file('', '0666') }, units: {} }))],
    ['a unit that watches a file of somebody else', request(release({ files: a }))],
    ['a lone surrogate', JSON.stringify(request(release({ files: { '/etc/a': file('\ud800') }, units: {} })))],
    ['an address that is none', request(release(), { lan: '10.77.10.256' })],
    ['a prefix with host bits', request(release(), { lanPrefix: '10.77.10.1/24' })],
    ['an IPv6 address in a long form', request(release(), { lan6: 'fd12:0::2' })],
    ['an IPv6 address that is IPv4', request(release(), { lan6: '10.77.10.2' })],
  ])('refuses %s', async (_what, stdin) => {
    expect(await host.run('apply stage', stdin)).toMatchObject({ code: 2, json: { error: { code: 'usage' } } });
    // The twin: the same request without the fault.
    expect((await host.run('apply stage', request(release({ files: a, units: {} })))).code).toBe(0);
  });

  test('takes an IPv6 address in its shortest form', async () => {
    const stdin = request(release({ files: a, units: {} }), { lan6: 'fd12:3456:789a:40::2' });
    expect((await host.run('apply stage', stdin)).code).toBe(0);
  });

  test('refuses more than 4 MiB, and takes a little less', async () => {
    const sized = (size: number) => request(release({ files: { '/etc/a': file('x'.repeat(size)) }, units: {} }));
    expect((await host.run('apply stage', sized(4 * 1024 * 1024))).code).toBe(2);
    expect((await host.run('apply stage', sized(4 * 1024 * 1024 - 1024))).code).toBe(0);
  });

  test('a fault in a request is told by its path, never by its value', async () => {
    const { json } = await host.run('apply stage', request(release(), { credentials: { token: 17 }, lan: 'sesame' }));
    expect(JSON.stringify(json)).toContain('credentials.token');
    expect(JSON.stringify(json)).not.toContain('sesame');
  });
});

test('canonical JSON reads back as the same value, has no blanks outside text and does not know the order of keys', () => {
  const value = fc.dictionary(
    fc.string({ unit: 'grapheme' }),
    fc.oneof(fc.string({ unit: 'grapheme' }), fc.boolean(), fc.array(fc.string())),
  );
  fc.assert(
    fc.property(value, (object) => {
      const text = canonicalJson(object);
      expect(JSON.parse(text)).toEqual({ ...object });
      expect(canonicalJson(Object.fromEntries(Object.entries(object).reverse()))).toBe(text);
      expect(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '')).not.toMatch(/\s/);
    }),
  );
});
