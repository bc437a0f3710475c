import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { Bench } from './bench.ts';
import { mesh, type Ended } from './cli.ts';
import { diagnostics } from './events.ts';

/** A tailnet that somebody has written a policy for: read, adopted, taken over by its exact text, put back by hand. */
let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.stop());

const FOREIGN = `{
	// By hand, before there was a program.
	"groups": { "group:sre": ["grace@example.com"], "group:office": ["joan@example.com"] },
	"tagOwners": { "tag:iac": ["autogroup:admin"], "tag:app": ["group:sre"] },
	"hosts": { "primary": "10.78.10.10" },
	"acls": [
		// the office reads reports
		{ "action": "accept", "src": ["group:office"], "dst": ["primary:5433"] },
		{ "action": "accept", "src": ["group:sre"], "dst": ["*:22"] },
	],
}
`;

const live = async (): Promise<string> => String(await bench.tailscale('GET', '/tailnet/-/acl'));
const byHand = (text: string): Promise<unknown> => bench.tailscale('POST', '/tailnet/-/acl', text);
/** Lays the stack file anew: what a test edits in it comes afterwards. */
const command = (...args: string[]): Promise<Ended> => mesh([...args, '--lab'], { env: { MESH_LAB_DIR: bench.dir } });
const refusal = async (): Promise<string> => {
  const run = await bench.up();
  expect(run.code, run.text).not.toBe(0);
  return diagnostics(run.events, 'error').join('\n');
};

const SECTIONS = z.object({ config: z.record(z.string(), z.unknown()) });
/** Puts what adopt prints into the stack file, as its reader does. */
async function paste(printed: string): Promise<void> {
  const { config: added } = SECTIONS.parse(parse(printed));
  await bench.edit((config) => {
    for (const [key, section] of Object.entries(added)) {
      const there = config[key];
      config[key] =
        Array.isArray(section) && Array.isArray(there)
          ? [...(there as unknown[]), ...(section as unknown[])]
          : { ...(there as object), ...(section as object) };
    }
  });
}

test('an up over it is refused, with the steps; pull shows it byte for byte', async () => {
  await byHand(FOREIGN);
  const said = await refusal();
  expect(said).toContain('a policy that this program did not write');
  expect(said).toContain('mesh policy adopt staging --take-over');
  expect(await live()).toBe(FOREIGN);
  const pulled = await command('policy', 'pull', 'staging');
  expect(pulled.code, pulled.text).toBe(0);
  expect(pulled.stdout).toBe(FOREIGN);
  const [, etag = ''] = /ETag ([0-9a-f]{64})/.exec(pulled.stderr) ?? [];
  expect(said).toContain(`takeOver: ${etag}`);
});

test('diff says who would gain and lose, and shows the text', async () => {
  const compared = await command('policy', 'diff', 'staging');
  expect(compared.code, compared.text).toBe(0);
  expect(compared.stdout).toMatch(/joan@example.com.* loses .*5433/);
  expect(compared.stdout).toContain('- \t// By hand, before there was a program.');
});

test('what adopt prints makes the next up replace exactly this text', async () => {
  const printed = await command('policy', 'adopt', 'staging', '--take-over');
  expect(printed.code, printed.text).toBe(0);
  expect(await live()).toBe(FOREIGN);
  expect(printed.stdout).toContain('why: the office reads reports');
  expect(printed.stdout).toContain('acls[1].dst[0] (line 9): *');
  // Consent is for a text, not for a tailnet: somebody edits it in between.
  await paste(printed.stdout);
  await byHand(`${FOREIGN}// and another edit\n`);
  expect(await refusal()).toContain('a policy that this program did not write');
  await byHand(FOREIGN);
  const run = await bench.up();
  expect(run.code, run.text).toBe(0);
  expect(await live()).toMatch(/^\/\/ site-mesh acme\/staging-tailnet/);
  expect(await live()).toContain('joan@example.com');
  const again = await bench.up('--expect-no-changes');
  expect(again.code, again.text).toBe(0);
});

test('restore puts the last good policy back over what is live, and only when told to', async () => {
  const good = await live();
  await byHand('{ "acls": [] } // oops\n');
  const asked = await command('policy', 'restore', 'staging');
  expect(asked.code, asked.text).toBe(2);
  expect(await live()).toContain('oops');
  const done = await command('policy', 'restore', 'staging', '--yes');
  expect(done.code, done.text).toBe(0);
  expect(await live()).toBe(good);
  const again = await command('policy', 'restore', 'staging', '--yes');
  expect(again.stdout).toContain('in force already');
});

test('keys lists what the tailnet has: the deploying client with its scopes, node keys, no secret', async () => {
  await bench.tailscale('POST', '/tailnet/-/keys', {
    capabilities: { devices: { create: { reusable: true, preauthorized: true, tags: ['tag:app'] } } },
    description: 'by hand',
  });
  const listed = await command('keys', 'staging', '--json');
  expect(listed.code, listed.text).toBe(0);
  const { keys } = z
    .object({ keys: z.array(z.object({ what: z.string(), id: z.string(), remark: z.string(), state: z.string() })) })
    .parse(JSON.parse(listed.stdout));
  expect(keys.find(({ what }) => what.startsWith('join key, "by hand"'))?.remark).toContain('not for production');
  expect(keys.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['OAuth client of this stack, "deploys"', 'node key of fra-edge-01', 'deploy key']),
  );
  const { apiKey, oauthClientSecret } = bench.tenant.tailscale;
  for (const secret of [apiKey, oauthClientSecret]) expect(listed.text).not.toContain(secret);
});
