import type { ProviderDefinition } from '../../../io/rpc/types.ts';
import { remoteCommand } from './remote-command.ts';

const NO_FILES =
  'hosts of the lab take no files: they are records, and have no SFTP. Only the official plugin does this.';

/** The stand-in for the official command plugin: commands on hosts, with its connections, its refusals and its faults. */
export const COMMAND: ProviderDefinition<undefined> = {
  name: 'command',
  version: '1.2.1',
  configure: () => undefined,
  resources: { 'command:remote:Command': remoteCommand },
  refused: {
    'command:remote:CopyToRemote': NO_FILES,
    'command:remote:CopyFile': NO_FILES,
    'command:local:Command':
      'the lab runs nothing on the machine of its user. Only the official plugin does this; or give the command to a host (command.remote.Command).',
  },
};
