import { cloudOf } from '../../mesh/config/clouds.ts';
import { accounts, configPath, credentialNeeds, ofAccount } from '../../mesh/config/credentials.ts';
import { namespaced } from '../../mesh/config/stack-text.ts';

/** Where a provider's cloud is and how to ask it. Holds a secret: for requests, not for print. */
export interface CloudAccess {
  token: string;
  endpoint?: string;
}

/** Reads one value of the stack's configuration, decrypted; undefined when it is not set. */
export type ReadConfig = (key: string) => Promise<string | undefined>;

/**
 * The access that a provider resource has, found by its name: `hetzner` for the default account, `hetzner-NAME` for
 * another (components/providers.ts). A reason instead when there is none.
 */
export async function accessOf(
  provider: string,
  config: Record<string, unknown>,
  readConfig: ReadConfig,
  environment: NodeJS.ProcessEnv,
): Promise<CloudAccess | string> {
  const needs = credentialNeeds(namespaced(config));
  // urn:pulumi:STACK::PROJECT::TYPE::NAME, then ::ID where it is a reference.
  const name = provider.split('::')[3] ?? provider;
  const found = accounts(needs).find(({ cloud, account }) => name === ofAccount(cloud, account));
  if (found === undefined) return `no site of the stack uses the account of provider ${name} any more`;
  const { cloud, credential } = found;
  const token =
    needs.from === 'environment' ? environment[credential.variable] : await readConfig(configPath(credential.key));
  if (token === undefined || token === '')
    return `${needs.from === 'environment' ? credential.variable : credential.key} (${credential.what}) is not set`;
  const endpoint = await readConfig(cloudOf(cloud).token?.endpoint ?? '');
  return { token, ...(endpoint !== undefined && { endpoint }) };
}
