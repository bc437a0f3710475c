import { expect, test } from 'vitest';
import type { Recording } from './record.ts';
import { recordProd, stackConfig } from './staging.ts';

const inputsOf = (recording: Recording, type: string): unknown[] =>
  recording.resources.filter((one) => one.type === type).map(({ inputs }) => inputs);
const SERVER = 'https://headscale.example.com';
const PACKAGES = {
  tailscale: {
    url: 'https://apt.example.com/{id}',
    key: 'https://apt.example.com/{codename}.gpg',
    fingerprint: 'A'.repeat(40),
  },
};

test('every node joins at the control server that the tailnet names, and at Tailscale’s own when it names none', async () => {
  const moved = await recordProd(
    stackConfig('prod', { 'site-mesh:tailnet': { name: 'acme-prod', loginServer: SERVER } }),
  );
  const nodes = inputsOf(moved, 'mesh:index:TailnetNode');
  expect(nodes.length).toBeGreaterThan(5);
  for (const inputs of nodes) expect(inputs).toHaveProperty('loginServer', SERVER);
  for (const inputs of inputsOf(await recordProd(), 'mesh:index:TailnetNode'))
    expect(inputs).not.toHaveProperty('loginServer');
});

test('releases of members carry the repository that the stack names; those of LAN hosts none', async () => {
  const moved = await recordProd(stackConfig('prod', { 'site-mesh:packages': PACKAGES }));
  const sources = inputsOf(moved, 'mesh:index:HostRelease').map((inputs) => {
    const { host, files } = inputs as { host: string; files: Record<string, { content: string }> };
    return [host, files['/etc/site-mesh/apt-sources.json']?.content.includes('https://apt.example.com/{id}')] as const;
  });
  expect(sources.filter(([, named]) => named === undefined).map(([host]) => host)).toEqual(['fra-db-01']);
  expect(sources.filter(([, named]) => named === false)).toEqual([]);
  expect(sources.length).toBeGreaterThan(6);
});
