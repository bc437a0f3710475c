import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { parse, stringify } from 'yaml';
import { Folder, Running, type Ended } from './cli.ts';
import { copyTree } from './tree-copy.ts';

/** A stack of one machine that was there before us. In order: each test begins where the one before ended. */
let folder: Folder;
const HOST = 'gra-edge-01';

const section = z.record(z.string(), z.unknown());

/** The production stack, with nothing in it but its existing site. */
function stackFile(accepts: string[]): string {
  const { config } = z
    .object({ config: section })
    .parse(parse(readFileSync(join(folder.tree, 'Pulumi.prod.yaml'), 'utf8')));
  const site = section.parse(section.parse(config['site-mesh:sites'])['eu-gra']);
  const [router] = z.array(section).parse(site.routers);
  const sites = { 'eu-gra': { ...site, routers: [{ ...router, accepts }], hosts: [] } };
  const kept = Object.entries(config).filter(([key]) => /^site-mesh:(network|ssh)$/.test(key));
  // Without the break-glass group of production: nobody reaches anything here.
  const tailnet = { name: 'acme-old' };
  return stringify({
    config: { ...Object.fromEntries(kept), 'site-mesh:tailnet': tailnet, 'site-mesh:sites': sites },
  });
}
const write = (accepts: string[]): void => writeFileSync(join(folder.tree, 'Pulumi.old.yaml'), stackFile(accepts));

async function pulumi(...args: string[]): Promise<Ended> {
  const variables = await folder.mesh('env', 'old', '--json');
  expect(variables.code, variables.text).toBe(0);
  const environment = z.record(z.string(), z.string()).parse(JSON.parse(variables.stdout));
  const PATH = `${environment.PATH ?? ''}:${process.env.PATH ?? ''}`;
  return new Running('pulumi', args, { cwd: folder.tree, env: { ...environment, PATH } }).ended;
}
const up = (): Promise<Ended> => pulumi('up', '--yes', '--skip-preview', '--suppress-outputs');

beforeAll(() => {
  folder = new Folder();
  folder.tree = copyTree(join(folder.root, 'tree'));
  write([]);
});
afterAll(() => folder.remove());

test('what stands in the way is told by mesh preflight, and refuses an up with every choice', async () => {
  expect((await folder.mesh('lab', 'up')).code).toBe(0);
  expect((await folder.mesh('lab', 'fault', 'set', 'foreign-software', HOST)).code).toBe(0);
  const looked = await folder.mesh('preflight', 'old', '--lab');
  expect(looked.code, looked.text).toBe(1);
  expect(looked.stdout).toContain('accepts: [docker, ufw] of the host');

  const ended = await up();
  expect(ended.code, ended.text).not.toBe(0);
  expect(ended.text).toContain(`${HOST} was there before us, and it cannot be taken as it is`);
  expect(ended.text).toMatch(/docker: .*\n.*→.*\n.*ufw: /);
});

test('what is accepted is no longer in the way', async () => {
  write(['docker', 'ufw']);
  const looked = await folder.mesh('preflight', 'old', HOST, '--lab', '--json');
  expect(looked.code, looked.text).toBe(0);
  expect(JSON.parse(looked.stdout)).toMatchObject({ hosts: [{ name: HOST, found: { first: true } }] });
  const ended = await up();
  expect(ended.code, ended.text).toBe(0);
  expect(ended.text).toMatch(/would be touched\. A destroy puts back what was there/);
});

test('to accept less later changes the record, and nothing on the host', async () => {
  write([]);
  const ended = await up();
  expect(ended.code, ended.text).toBe(0);
  expect(ended.text).toMatch(/Resources:\n +~ 1 updated/);
});

test('a destroy gives the machine back, which is refused again then', async () => {
  const ended = await pulumi('destroy', '--yes', '--skip-preview');
  expect(ended.code, ended.text).toBe(0);
  expect(ended.text).toContain('put back as it was before the first release');
  const looked = await folder.mesh('preflight', 'old', '--lab');
  expect(looked.code, looked.text).toBe(1);
});
