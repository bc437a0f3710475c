import { readFileSync } from 'node:fs';
import * as command from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';

const config = new pulumi.Config();
// Nothing is said to be a secret here: the SDK and the plugin have to know.
const connection = JSON.parse(
  readFileSync(new URL('connection.json', import.meta.url), 'utf8'),
) as command.types.input.remote.ConnectionArgs;

export const stdout = new command.remote.Command('motd', {
  connection,
  create: 'timeout -k 10 60 sh -eu -s # motd',
  stdin: config.get('script') ?? 'echo hi\n',
  triggers: [config.get('trigger') ?? 'one'],
  logging: 'none',
  addPreviousOutputInEnv: false,
}).stdout;

if (config.getBoolean('copy') === true) {
  const source = new pulumi.asset.StringAsset('hi');
  new command.remote.CopyToRemote('motd', { connection, source, remotePath: '/etc/motd' });
}
