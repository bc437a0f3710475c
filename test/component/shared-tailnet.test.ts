import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { ancestors, one } from './record.ts';
import { recordStaging, stackConfig, stackFile } from './staging.ts';
import { structureFaults } from './structure.ts';

/** Files of stacks beside this one, as a checkout or a lab has them. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-stacks-'));
  vi.stubEnv('MESH_STACK_FILES', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const PEOPLE = { platform: ['ada@example.com'], sre: ['grace@example.com'] };
const owning = (stack: 'prod' | 'staging', tailnet: object, more: object = {}): void =>
  writeFileSync(
    join(folder, `Pulumi.${stack}.yaml`),
    stringify({ config: { ...stackFile(stack), 'site-mesh:tailnet': tailnet, 'site-mesh:groups': PEOPLE, ...more } }),
  );
const staging = (tailnet: object) =>
  recordStaging(stackConfig('staging', { 'site-mesh:tailnet': tailnet, 'site-mesh:groups': PEOPLE }));
const GUEST = { name: 'acme', owner: 'prod' };

describe('a stack whose tailnet another one owns', () => {
  test('pushes no policy, sets nothing in the tailnet, and waits for the owner’s before anything joins', async () => {
    owning('prod', { name: 'acme', with: ['staging'] });
    const recording = await staging(GUEST);
    expect(structureFaults(recording)).toEqual([]);
    const types = new Set(recording.resources.map(({ type }) => type));
    expect([...types].filter((type) => /Tailnet|tailscale|SharedPolicy/.test(type)).sort()).toEqual([
      'mesh:index:SharedPolicy',
      'mesh:index:TailnetNode',
      'mesh:index:TailnetTests',
      'site-mesh:index:Tailnet',
    ]);
    const shared = one(recording, 'mesh:index:SharedPolicy', 'acme');
    expect(shared.inputs).toMatchObject({
      owner: 'prod',
      ownerLine: 'acme/prod-tailnet',
      tag: 'tag:iac-staging',
      mark: expect.stringMatching(/^\/\/ site-mesh acme\/prod-tailnet sha256:[0-9a-f]{64}$/) as string,
    });
    const node = one(recording, 'mesh:index:TailnetNode', 'fra-edge-01');
    expect(ancestors(recording, node)).toContain(shared.urn);
    expect(node.inputs).toMatchObject({
      hostname: 'staging-fra-edge-01',
      tags: ['tag:router-staging-eu-fra', 'tag:site-staging-eu-fra', 'tag:staging-router'],
    });
    expect(one(recording, 'mesh:index:TailnetTests', 'acme').inputs.policy).toBe('etag-1');
  });

  test('is as it was with a tailnet of its own: the control', async () => {
    const recording = await staging({ name: 'acme' });
    const types = recording.resources.map(({ type }) => type);
    expect(types).toContain('mesh:index:TailnetPolicy');
    expect(types).not.toContain('mesh:index:SharedPolicy');
    expect(one(recording, 'mesh:index:TailnetNode', 'fra-edge-01').inputs.hostname).toBe('fra-edge-01');
  });

  test('ends before anything is made where the owner does not list it, has other people, or has no file', async () => {
    owning('prod', { name: 'acme', with: ['dev'] });
    await expect(staging(GUEST)).rejects.toThrow('does not list this stack: it lists dev');
    owning(
      'prod',
      { name: 'acme', with: ['staging'] },
      { 'site-mesh:groups': { ...PEOPLE, sre: ['lin@example.com'] } },
    );
    await expect(staging(GUEST)).rejects.toThrow(
      /Pulumi\.staging\.yaml, against another stack:[^]*groups\.sre = grace@example\.com[^]*is lin@example\.com in stack prod/,
    );
    await expect(staging({ name: 'acme', owner: 'main' })).rejects.toThrow('there is no Pulumi.main.yaml');
  });
});

test('the owner pushes the policy of all, and its preview tells what the others may do', async () => {
  owning('prod', { name: 'acme', owner: 'staging' });
  const recording = await staging({ name: 'acme', with: ['prod'] });
  const { inputs } = one(recording, 'mesh:index:TailnetPolicy', 'acme');
  expect(inputs.text).toContain('"tag:prod-app"');
  expect(JSON.stringify(inputs.access)).toContain('fra-db-01 of prod');
  expect(recording.resources.map(({ type }) => type)).not.toContain('mesh:index:SharedPolicy');
});
