import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { versionOf } from '../cli-version.ts';
import { EngineError, Unavailable } from '../error.ts';
import { goBuild } from '../go-build.ts';
import { obtainInCache, type ObtainOptions } from '../obtain.ts';
import type { Maker, Wanted } from '../ways.ts';
import { DAEMONS_GO_MINIMUM, DAEMONS_TAGS, HEADSCALE_VERSION, TAILSCALE_VERSION } from './versions.ts';

/** The lab's daemons, ready to be started. */
export interface Daemons {
  /** Path of `tailscaled`, which is the CLI too: called by a name that ends in `tailscale`, it is `tailscale`. */
  tailscaled: string;
  headscale: string;
  versions: { tailscale: string; headscale: string };
  how: 'built' | 'cached';
}

/** The folder whose go.mod and go.sum pin every module of the build. */
const MODULE_DIR = import.meta.dirname;

const versions = { tailscale: TAILSCALE_VERSION, headscale: HEADSCALE_VERSION };
const title = `tailscaled ${TAILSCALE_VERSION} with headscale ${HEADSCALE_VERSION}`;

/** Differs as soon as something else would be built. */
function recipeHash(): string {
  const hash = createHash('sha256').update(DAEMONS_TAGS.join(','));
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(MODULE_DIR, file)));
  return hash.digest('hex').slice(0, 8);
}

const daemons: Wanted = {
  title,
  version: `${TAILSCALE_VERSION} ${HEADSCALE_VERSION}`,
  folder: `tailscale-${TAILSCALE_VERSION}-headscale-${HEADSCALE_VERSION}-${recipeHash()}`,
  content: 'bin',
  holds: ['tailscaled', 'headscale'],
  async verify(dir, { env, signal }) {
    for (const { program, args, pinned } of [
      { program: 'tailscaled', args: ['--version'], pinned: TAILSCALE_VERSION },
      { program: 'headscale', args: ['version'], pinned: HEADSCALE_VERSION },
    ]) {
      const version = await versionOf(join(dir, program), args, env, signal);
      if (version !== pinned)
        throw new Unavailable(`the ${program} that it made says it is ${version ?? 'nothing'}, not ${pinned}`);
    }
  },
};

const daemonsBuild = goBuild({
  title,
  moduleDir: MODULE_DIR,
  goMinimum: DAEMONS_GO_MINIMUM,
  cost: 'about 2 GB of disk, 4 to 6 minutes the first time',
  tags: DAEMONS_TAGS,
  stamps: {
    'tailscale.com/version.longStamp': TAILSCALE_VERSION,
    'tailscale.com/version.shortStamp': TAILSCALE_VERSION,
  },
  packages: ['tailscale.com/cmd/tailscaled', 'github.com/juanfont/headscale/cmd/headscale'],
});

/**
 * Makes tailscaled and headscale of the pinned versions available: our cache, else a build from Go modules. One build for
 * both, which share more than half of what is compiled. Safe when two run at once and when one is killed half way; see
 * `obtainInCache` for Ctrl-C.
 * @throws EngineError with a complete message for people
 */
export async function obtainDaemons(
  options: ObtainOptions,
  makers: readonly Maker[] = [daemonsBuild],
): Promise<Daemons> {
  if (process.platform !== 'linux')
    throw new EngineError(
      'unavailable',
      `${title} serves the lab's machines, which need Linux; this is ${process.platform}.`,
    );
  const obtained = await obtainInCache(daemons, 'daemons', { makers }, options);
  if (obtained.how !== 'cached' && obtained.how !== 'built') throw new Error(`daemons that were ${obtained.how}`);
  const { dir, how } = obtained;
  return { tailscaled: join(dir, 'tailscaled'), headscale: join(dir, 'headscale'), versions, how };
}
