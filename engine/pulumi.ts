import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { pulumiVersionOf } from './cli-version.ts';
import { Unavailable } from './error.ts';
import { goBuild } from './go-build.ts';
import { CLI_PACKAGE, GO_MINIMUM, PULUMI_VERSION, VERSION_VARIABLE } from './versions.ts';
import type { Wanted } from './ways.ts';

/** The folder whose go.mod and go.sum pin every module of the build. */
export const MODULE_DIR = join(import.meta.dirname, 'pulumi');

export const pulumi: Wanted = {
  title: `Pulumi ${PULUMI_VERSION}`,
  version: PULUMI_VERSION,
  folder: `pulumi-${PULUMI_VERSION}`,
  content: 'bin',
  holds: ['pulumi'],
  async verify(dir, { env, signal }) {
    const cli = join(dir, 'pulumi');
    await chmod(cli, 0o755);
    const version = await pulumiVersionOf(cli, env, signal);
    if (version !== PULUMI_VERSION)
      throw new Unavailable(`what it made says it is ${version ?? 'nothing'}, not ${PULUMI_VERSION}`);
  },
};

export const pulumiBuild = goBuild({
  title: pulumi.title,
  moduleDir: MODULE_DIR,
  goMinimum: GO_MINIMUM,
  cost: 'about 3 GB of disk, 5 to 10 minutes the first time',
  tags: ['osusergo', 'grpcnotrace'],
  stamps: { [VERSION_VARIABLE]: `v${PULUMI_VERSION}` },
  packages: [CLI_PACKAGE],
});
