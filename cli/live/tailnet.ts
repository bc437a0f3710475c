import { tailscale, type Tailscale } from '../../io/tailscale/client.ts';
import type { Credential as HttpCredential } from '../../io/tailscale/http.ts';
import { credentialNeeds, credentials, setCommand } from '../../mesh/config/credentials.ts';
import { isSet } from '../credentials.ts';
import { CliError, EXIT } from '../exit.ts';
import { readSecret } from '../preflight/keys.ts';
import type { Reach } from './reach.ts';
import { namespaced } from '../../mesh/config/stack-text.ts';

/** For one request: at night a slow answer is an answer too. */
const ANSWER_SECONDS = 10;

/** The API of the stack's tailnet, with the stack's credential. Throws CliError (usage) when it has none. */
export async function tailnetOf(reach: Reach): Promise<Tailscale> {
  return tailnetWith(reach, await credentialOf(reach));
}

/** The same with a credential that is at hand. */
export function tailnetWith(reach: Reach, credential: HttpCredential): Tailscale {
  const endpoint = reach.file.config['tailscale:baseUrl'];
  return tailscale({
    tailnet: reach.plan.tailnet.name,
    credential,
    timeoutSeconds: ANSWER_SECONDS,
    ...(typeof endpoint === 'string' && { baseUrl: endpoint }),
  });
}

/** Throws CliError (usage) when the stack has none. */
export async function credentialOf(reach: Reach): Promise<HttpCredential> {
  const all = credentials(credentialNeeds(namespaced(reach.file.config)));
  const read = async (key: string): Promise<string | undefined> => {
    const one = all.find((credential) => credential.key === key);
    if (one === undefined || !isSet(reach.file, one, reach.environment)) return undefined;
    return (await readSecret(reach, one.key, one.variable))?.trim();
  };
  const [apiKey, oauthClientId, oauthClientSecret] = await Promise.all(
    ['tailscale:apiKey', 'tailscale:oauthClientId', 'tailscale:oauthClientSecret'].map(read),
  );
  if (apiKey !== undefined) return { apiKey };
  if (oauthClientId !== undefined && oauthClientSecret !== undefined) return { oauthClientId, oauthClientSecret };
  const how = all.find(({ key }) => key === 'tailscale:oauthClientId');
  const set = reach.from === 'environment' ? `set ${how?.variable ?? ''} and its secret` : how && setCommand(how);
  throw new CliError(
    EXIT.usage,
    `stack ${reach.stack} has no credential of its tailnet that can be read: ${set ?? ''} (mesh credentials ${reach.stack} lists all)`,
  );
}
