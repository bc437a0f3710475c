import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  broadcastAddress,
  compareAddresses,
  firstHost,
  inside,
  isAddress,
  isPrefix,
  isSourcePrefix,
  networkAddress,
  overlaps,
  prefixFault,
  prefixLength,
} from '../../../mesh/config/cidr.ts';
import { publicKeyFault } from '../../../mesh/config/ssh-key.ts';
import { closest, distance } from '../../../mesh/config/suggest.ts';
import { userData } from '../../../mesh/host/user-data.ts';
import { PUBLIC_KEY } from './fixtures.ts';

const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
const bits = (address: string): string =>
  address
    .split('.')
    .map((octet) => Number(octet).toString(2).padStart(8, '0'))
    .join('');
/** Any canonical prefix, made bit by bit. */
const anyPrefix = fc.tuple(octets, fc.integer({ min: 1, max: 30 })).map(([parts, length]) => {
  const kept = bits(parts.join('.')).slice(0, length).padEnd(32, '0');
  return `${[0, 8, 16, 24].map((from) => Number.parseInt(kept.slice(from, from + 8), 2)).join('.')}/${length}`;
});
const stem = (prefix: string): string => bits(prefix.split('/')[0] ?? '').slice(0, Number(prefix.split('/')[1]));

describe('prefixes', () => {
  test('one lies inside another exactly when it begins with its bits', () => {
    fc.assert(fc.property(anyPrefix, anyPrefix, (a, b) => inside(a, b) === stem(a).startsWith(stem(b))));
    expect(inside('10.77.10.0/24', '10.77.0.0/16')).toBe(true);
  });

  test('two overlap exactly when one lies inside the other', () => {
    fc.assert(fc.property(anyPrefix, anyPrefix, (a, b) => overlaps(a, b) === (inside(a, b) || inside(b, a))));
    expect(overlaps('10.77.0.0/16', '10.77.10.0/24')).toBe(true);
  });

  test('network, first host and broadcast address are inside, in this order', () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        const three = [networkAddress(prefix), firstHost(prefix), broadcastAddress(prefix)];
        expect(three.every((address) => inside(address, prefix))).toBe(true);
        expect(three.toSorted(compareAddresses)).toEqual(three);
        expect(bits(three[2] ?? '').endsWith('1'.repeat(32 - prefixLength(prefix)))).toBe(true);
      }),
    );
  });

  test('only canonical ones are prefixes; host bits are named with the remedy', () => {
    fc.assert(fc.property(anyPrefix, (prefix) => isPrefix(prefix)));
    for (const text of ['10.77.0.0', '10.77/16', '10.77.0.0/33', '10.77.0.0/016', '010.77.0.0/16', '::/0', ''])
      expect(isPrefix(text), text).toBe(false);
    expect(prefixFault('10.77.10.7/24')).toBe('has host bits set; the prefix is 10.77.10.0/24');
  });

  test('addresses are dotted quads and nothing that inet_aton also takes', () => {
    fc.assert(fc.property(octets, (parts) => isAddress(parts.join('.'))));
    for (const text of ['10.1', '0x0a.0.0.1', '256.0.0.1', '10.0.0.01', '10.0.0.1 '])
      expect(isAddress(text), text).toBe(false);
  });

  test('cloud firewalls also take IPv6 sources, without host bits', () => {
    expect([isSourcePrefix('2001:db8:7::/48'), isSourcePrefix('198.51.100.0/28')]).toEqual([true, true]);
    expect([isSourcePrefix('2001:db8:7::1/48'), isSourcePrefix('2001:db8::'), isSourcePrefix('x')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('did you mean', () => {
  test('a word is nearest to itself', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.array(fc.string()),
        (word, others) => closest(word, [...others, word]) !== undefined,
      ),
    );
    expect(closest('access', ['access', 'acces'])).toBe('access');
  });
  test('distance is symmetric, and zero for equal words only', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        (a, b) => distance(a, b) === distance(b, a) && (distance(a, b) === 0) === (a === b),
      ),
    );
  });
  test('swapped letters count once, and what is far away is not suggested', () => {
    expect(distance('lcoation', 'location')).toBe(1);
    expect(closest('zerotier', ['location', 'cidr'])).toBeUndefined();
  });
});

describe('public keys', () => {
  test('a whole one passes, with and without comment', () => {
    expect(publicKeyFault(PUBLIC_KEY)).toBeUndefined();
    expect(publicKeyFault(PUBLIC_KEY.split(' ').slice(0, 2).join(' '))).toBeUndefined();
  });
  test('cut anywhere it is refused, and the message never holds it', () => {
    const [type = '', blob = ''] = PUBLIC_KEY.split(' ');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: blob.length - 1 }), (length) => {
        const told = publicKeyFault(`${type} ${blob.slice(0, length)}`);
        expect(told).toBeDefined();
        if (length > 8) expect(told).not.toContain(blob.slice(0, length));
      }),
    );
  });
});

describe('the first boot of a server', () => {
  const boot = {
    fqdn: 'fra-db-01.mesh.acme.internal',
    authorizedKeys: [PUBLIC_KEY],
    hostKey: { privateKey: 'line one\nline "two"\n', publicKey: 'ecdsa-sha2-nistp256 AAAA x' },
  };
  const read = (user: string) => {
    const text = userData({ user, ...boot });
    expect(text.startsWith('#cloud-config\n')).toBe(true);
    return JSON.parse(text.slice('#cloud-config\n'.length)) as {
      fqdn: string;
      users: Record<string, unknown>[];
      disable_root: boolean;
      ssh_keys: Record<string, string>;
      ssh_pwauth: boolean;
    };
  };
  test('gives it its full name', () => {
    expect(read('ops').fqdn).toBe('fra-db-01.mesh.acme.internal');
  });
  test('makes one login with the deploy key and pins one host key, whole', () => {
    const { users, ssh_keys: keys, ssh_pwauth: passwords } = read('ops');
    expect(users).toEqual([
      expect.objectContaining({ name: 'ops', sudo: 'ALL=(ALL) NOPASSWD:ALL', ssh_authorized_keys: [PUBLIC_KEY] }),
    ]);
    expect(keys).toEqual({ ecdsa_private: boot.hostKey.privateKey, ecdsa_public: boot.hostKey.publicKey });
    expect(passwords).toBe(false);
  });
  test('shuts root out, unless root is the login', () => {
    expect([read('ops').disable_root, read('root').disable_root]).toEqual([true, false]);
    expect(read('root').users).toEqual([{ name: 'root', ssh_authorized_keys: [PUBLIC_KEY] }]);
  });
});
