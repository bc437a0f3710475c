import { readFile, writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { labPaths } from '../../../cli/lab/environment.ts';

/** One of the two configurations that points go to and from. */
export type Side = 'before' | 'after';

/** Not a key of anybody: nobody logs in with it. */
const ALSO = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBVX8Yc1Yh2o5bDdHS5TqkcfWm5K9v8r2bHjYxkqYV7d next@example.com';

const stackFile = z.looseObject({
  config: z.looseObject({
    'site-mesh:ssh': z.looseObject({ alsoPublicKeys: z.array(z.string()).optional() }),
    'site-mesh:sites': z.looseObject({
      'eu-fra': z.looseObject({ snat: z.boolean().optional(), vip: z.string().optional() }),
    }),
  }),
});

/**
 * Writes one side into the lab's own stack file. `after` differs on every machine: another key may log in everywhere, and the routers
 * keep source addresses (a credential and one more unit: the agent).
 */
export async function choose(labDir: string, stack: string, side: Side): Promise<void> {
  const { stackConfig } = labPaths(labDir, stack);
  const text = await readFile(stackConfig, 'utf8');
  const file = stackFile.parse(parse(text));
  const { 'site-mesh:ssh': ssh, 'site-mesh:sites': sites } = file.config;
  const site = sites['eu-fra'];
  delete ssh.alsoPublicKeys;
  delete site.snat;
  delete site.vip;
  if (side === 'after') {
    ssh.alsoPublicKeys = [ALSO];
    site.snat = false;
    site.vip = '10.78.10.254';
  }
  // The line that says which secrets these are stays: without it they would be set anew.
  const digest = /^# secrets .*$/m.exec(text)?.[0] ?? '';
  await writeFile(stackConfig, `${digest}\n${stringify(file)}`, { mode: 0o600 });
}
