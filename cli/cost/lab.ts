import { labStatus } from '../../lab/control.ts';
import { cloudOf } from '../../mesh/config/clouds.ts';
import { configPath } from '../../mesh/config/credentials.ts';
import { CliError, EXIT } from '../exit.ts';
import { labOverlay } from '../lab/overlay.ts';
import { configuredEndpoint, type Access } from './tokens.ts';

/** The lab's own APIs and tokens. It must run and know the stack: nothing is started for a question. */
export async function fromLab(labDir: string, stack: string, config: Record<string, unknown>): Promise<Access> {
  const status = await labStatus(labDir).catch((error: unknown) => {
    throw new CliError(EXIT.lab, error instanceof Error ? error.message : String(error), { cause: error });
  });
  if (!status.running) throw new CliError(EXIT.lab, `${status.reason}; mesh env ${stack} prepares it for this stack`);
  const tenant = status.info.config.tenants.find(({ name }) => name === stack);
  if (tenant === undefined)
    throw new CliError(EXIT.lab, `the lab does not know the stack ${stack} yet: mesh env ${stack}`);
  const overlay = labOverlay(status.info.config, tenant, config);
  return {
    endpoint: (cloud) => configuredEndpoint(overlay.plain, cloud),
    token: ({ key }, cloud) => {
      const token = overlay.secrets[configPath(key)];
      if (token !== undefined) return Promise.resolve(token);
      throw new CliError(EXIT.lab, `the lab has no account at ${cloudOf(cloud).title}`);
    },
  };
}
