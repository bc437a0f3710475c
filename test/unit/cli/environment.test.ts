import { afterEach, expect, it, vi } from 'vitest';
import { labEnvironment, labPaths } from '../../../cli/lab/environment.ts';

afterEach(() => vi.unstubAllEnvs());

it('official plugins are another PULUMI_HOME and another CLI over the same lab and state', () => {
  vi.stubEnv('MESH_PLUGINS', undefined);
  const ours = labPaths('/lab', 'staging');
  const env = labEnvironment('/lab', 'staging', { PATH: '/usr/bin' });
  vi.stubEnv('MESH_PLUGINS', 'official');
  const theirs = labPaths('/lab', 'staging');
  expect([ours.pulumiHome, theirs.pulumiHome]).toEqual(['/lab/pulumi-home', '/lab/official/pulumi-home']);
  expect(theirs).toMatchObject({ backend: ours.backend, stackConfig: ours.stackConfig, passphrase: ours.passphrase });
  const official = labEnvironment('/lab', 'staging', { PATH: '/usr/bin' });
  expect([env.PULUMI_HOME, official.PULUMI_HOME]).toEqual([ours.pulumiHome, theirs.pulumiHome]);
  expect([env.PATH, official.PATH].map((path) => path?.split(':')[0])).toEqual([ours.bin, theirs.bin]);
});

it('a plugin that is none is refused before anything is prepared', () => {
  vi.stubEnv('MESH_PLUGINS', 'hcluod');
  expect(() => labPaths('/lab', 'staging')).toThrow('MESH_PLUGINS: hcluod is no plugin here');
});
