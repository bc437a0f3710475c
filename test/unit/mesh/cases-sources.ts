import type { Case, Loose } from './breakable.ts';

const SOURCE = {
  url: 'https://apt.example.com/tailscale/{id}',
  key: 'https://apt.example.com/tailscale/{codename}.gpg',
  fingerprint: '0123456789ABCDEF0123456789ABCDEF01234567',
};
const source = (more: object) => (raw: Loose) =>
  Object.assign(raw, { packages: { tailscale: { ...SOURCE, ...more } } });
const server = (loginServer: unknown) => (raw: Loose) => Object.assign(raw.tailnet ?? {}, { loginServer });
const agent = (hetznerEndpoint: unknown) => (raw: Loose) => Object.assign(raw, { agent: { hetznerEndpoint } });

/** Faults of the control server, of where packages come from, and of what agents call. Breaks `validRaw`. */
export const SOURCES: Case[] = [
  ['a control server over plain http', server('http://hs.example.com'), 'tailnet.loginServer', 'not https', 'https://'],
  ['a control server near a lab', server('http://198.20.0.16'), 'tailnet.loginServer', 'not https', 'https://'],
  [
    'a control server named like loopback',
    server('http://localhost.example.com'),
    'tailnet.loginServer',
    'not https',
    'https://',
  ],
  [
    'a control server with a path',
    server('https://hs.example.com/x'),
    'tailnet.loginServer',
    'scheme, name',
    'without a slash',
  ],
  [
    'a control server with a slash',
    server('https://hs.example.com/'),
    'tailnet.loginServer',
    'scheme, name',
    'without a slash',
  ],
  [
    'a control server with a login',
    server('https://me:pass@hs.example.com'),
    'tailnet.loginServer',
    'a login in it',
    'https://',
  ],
  ['a control server by its name', server('hs.example.com'), 'tailnet.loginServer', 'not a web address', 'https://'],
  ['a control server over ssh', server('ssh://hs.example.com'), 'tailnet.loginServer', 'not a web address', 'https://'],
  ['a control server that is none', server(7), 'tailnet.loginServer', 'must be text', 'https://'],
  [
    'a repository over plain http',
    source({ url: 'http://127.0.0.1/{id}' }),
    'packages.tailscale.url',
    'not https',
    'https',
  ],
  [
    'a repository with a blank',
    source({ url: 'https://apt.example.com/a b' }),
    'packages.tailscale.url',
    'not a web address',
    'https',
  ],
  [
    'a repository with another placeholder',
    source({ url: 'https://apt.example.com/{arch}' }),
    'packages.tailscale.url',
    'neither {id} nor {codename}',
    '{id}',
  ],
  [
    'a repository with half a placeholder',
    source({ key: 'https://apt.example.com/{id' }),
    'packages.tailscale.key',
    'neither {id}',
    '{id}',
  ],
  [
    'a repository with a query',
    source({ key: 'https://apt.example.com/key?token=x' }),
    'packages.tailscale.key',
    'a query',
    'https',
  ],
  ['a repository without its key', source({ key: undefined }), 'packages.tailscale.key', 'is missing', 'https'],
  [
    'a fingerprint with blanks',
    source({ fingerprint: '2596 A99E AAB3 3821 893C' }),
    'packages.tailscale.fingerprint',
    'not the fingerprint',
    '40 hex digits',
  ],
  [
    'a key id instead of a fingerprint',
    source({ fingerprint: '957F5868' }),
    'packages.tailscale.fingerprint',
    'not the fingerprint',
    '40 hex digits',
  ],
  [
    'a version that is a range',
    source({ version: '1.102.*' }),
    'packages.tailscale.version',
    'not an exact version',
    '1.102.3',
  ],
  [
    'another package',
    (raw) => Object.assign(raw, { packages: { tailscal: SOURCE } }),
    'packages.tailscal',
    'not a key',
    'did you mean tailscale?',
  ],
  [
    'an API that is no address',
    agent('api.hetzner.cloud/v1'),
    'agent.hetznerEndpoint',
    'not a web address',
    'https://api.hetzner.cloud/v1',
  ],
  [
    'an API with a slash at its end',
    agent('http://10.0.0.7/v1/'),
    'agent.hetznerEndpoint',
    'ends with a slash',
    'https://api.hetzner.cloud/v1',
  ],
  [
    'an API with a token in it',
    agent('https://x:y@proxy.example.com/v1'),
    'agent.hetznerEndpoint',
    'a login in it',
    'https://api.hetzner.cloud/v1',
  ],
];
