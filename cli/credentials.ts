import { credentialNeeds, missingCredentials, type Credential } from '../mesh/config/credentials.ts';
import { type StackFile } from './stack-file.ts';
import { NAMESPACE, isRecord, isSecret, namespaced } from '../mesh/config/stack-text.ts';

/** Is a credential set, where the stack says that its credentials are? A secret in the file counts whatever it holds: it is not decrypted. */
export function isSet(
  file: StackFile,
  { key, variable }: Credential,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  if (credentialNeeds(namespaced(file.config)).from === 'environment') return (environment[variable] ?? '') !== '';
  const [top = '', member] = key.split('.');
  const value = file.config[top] ?? file.config[top.replace(`${NAMESPACE}:`, '')];
  if (member === undefined || isSecret(value)) return isSecret(value);
  return isRecord(value) && isSecret(value[member]);
}

/** What is missing, as lines for people that say how to set it. */
export function unsetCredentials(file: StackFile): string[] {
  return missingCredentials(credentialNeeds(namespaced(file.config)), (one) => isSet(file, one));
}
