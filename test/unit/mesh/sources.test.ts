import { expect, test } from 'vitest';
import { faultsAcross } from '../../../mesh/config/checks/across.ts';
import { hostsOf, planMesh } from '../../../mesh/plan/index.ts';
import type { MeshPlan } from '../../../mesh/plan/types.ts';
import { accepted, validRaw, wideRaw } from './fixtures.ts';
import { NOW } from '../../now.ts';

const APT = '/etc/site-mesh/apt-sources.json';
const PIN = '/etc/apt/preferences.d/site-mesh';
const SOURCE = {
  url: 'https://apt.example.com/tailscale/{id}',
  key: 'https://apt.example.com/tailscale/{codename}.gpg',
  fingerprint: '0123456789abcdef0123456789abcdef01234567',
};

const plan = (raw: Record<string, unknown>): MeshPlan => planMesh(accepted(raw), { stack: 'test', now: NOW });
const hosts = (made: MeshPlan) => made.sites.flatMap(hostsOf);
/** What a file of every member's release says, each text once. */
const said = (made: MeshPlan, path: string): string[] => [
  ...new Set(hosts(made).flatMap(({ managed }) => managed?.release.files[path]?.content ?? [])),
];
const withServer = (loginServer: string, raw = wideRaw()) => ({ ...raw, tailnet: { ...raw.tailnet, loginServer } });

test.each([
  'https://headscale.example.com',
  'https://headscale.example.com:8443',
  'http://127.0.0.1:8080',
  'http://localhost:8080',
  'http://[::1]:8080',
  'http://198.18.0.16:8080',
  'http://198.19.255.1',
])('%s may be the control server; every member joins there, and the reader is told of its API', (server) => {
  const made = plan(withServer(server));
  const nodes = hosts(made).flatMap(({ node }) => node ?? []);
  expect(nodes.length).toBeGreaterThan(3);
  expect(nodes.map(({ loginServer }) => loginServer)).toEqual(nodes.map(() => server));
  expect(made.tailnet).toEqual({ name: 'acme-test', loginServer: server, home: `acme-test at ${server}` });
  expect(made.notes.filter((note) => note.includes(server))).toEqual([expect.stringContaining('tailscale:baseUrl')]);
});

test('without one, nodes, plan and notes name none', () => {
  const made = plan(wideRaw());
  expect(hosts(made).flatMap(({ node }) => (node && 'loginServer' in node ? node : []))).toEqual([]);
  expect([made.tailnet, made.notes.join().includes('baseUrl')]).toEqual([
    { name: 'acme-test', home: 'acme-test' },
    false,
  ]);
});

test('tailnets of one name at two control servers are two', () => {
  const move = (text: string) => JSON.parse(text.replaceAll('10.77.', '10.78.')) as ReturnType<typeof validRaw>;
  const stacks = (first: string, second: string) => [
    { stack: 'a', config: accepted(withServer(first, validRaw() as ReturnType<typeof wideRaw>)) },
    {
      stack: 'b',
      config: accepted(withServer(second, move(JSON.stringify(validRaw())) as ReturnType<typeof wideRaw>)),
    },
  ];
  expect(faultsAcross(stacks('https://a.example.com', 'https://b.example.com'))).toEqual([]);
  expect(faultsAcross(stacks('https://a.example.com', 'https://a.example.com')).map(({ path }) => path)).toEqual([
    'tailnet.name',
  ]);
});

test('tailscale comes from its vendor unless another repository is named, by the pinned key of that one', () => {
  const [vendors, ...others] = said(plan(wideRaw()), APT);
  expect(others).toEqual([]);
  expect(JSON.parse(vendors ?? '')).toMatchObject([
    { name: 'tailscale', url: 'https://pkgs.tailscale.com/stable/{id}', packages: ['tailscale'] },
  ]);
  const made = plan({ ...wideRaw(), packages: { tailscale: SOURCE } });
  expect(said(made, APT).map((text) => JSON.parse(text) as unknown)).toEqual([
    [{ name: 'tailscale', ...SOURCE, fingerprint: SOURCE.fingerprint.toUpperCase(), packages: ['tailscale'] }],
  ]);
  expect(said(made, PIN)).toEqual(said(plan(wideRaw()), PIN));
});

test('its version is the tested one unless the repository’s is named, in the pin and in what is installed', () => {
  const made = plan({ ...wideRaw(), packages: { tailscale: { ...SOURCE, version: '1.102.2' } } });
  expect(said(made, PIN)).toEqual([expect.stringContaining('Pin: version 1.102.2\n')]);
  const wanted = hosts(made).flatMap(({ node, managed }) => (node ? (managed?.release.packages.tailscale ?? []) : []));
  expect(new Set(wanted)).toEqual(new Set(['1.102.2']));
  expect(said(plan(wideRaw()), PIN)).toEqual([expect.stringContaining('Pin: version 1.102.3\n')]);
});

test('the agent asks Hetzner’s own API unless told otherwise', () => {
  expect(plan(validRaw()).agent).toEqual({ hetznerEndpoint: 'https://api.hetzner.cloud/v1' });
  const hetznerEndpoint = 'http://198.18.0.2:8080/hetzner/v1';
  expect(plan({ ...validRaw(), agent: { hetznerEndpoint } }).agent).toEqual({ hetznerEndpoint });
});
