import { remote } from '@pulumi/command';
import * as pulumi from '@pulumi/pulumi';
import type { CommandPlan } from '../mesh/plan/types.ts';
import type { connection } from './connection.ts';

/** Tries of a dial before a command fails; the host was just configured over the same way, so it answers or it is broken. */
const DIAL_TRIES = 3;

export interface CommandsArgs {
  host: string;
  commands: readonly CommandPlan[];
  connection: ReturnType<typeof connection>;
  /** What must be finished before: the host's release and node. */
  after: pulumi.Resource;
}

/**
 * The user's own commands on one host, one after the other in the order of their names. A script goes on stdin: argv is readable by
 * everybody on the host, and an error prints the command's text. `timeout` ends it, since the plugin itself waits for ever; no
 * `triggers` (they replace) and no `delete` (a lost host would block the destroy): a script is safe to run again, and any
 * change of it runs it again.
 * @returns the last one, or `after` when there is none
 */
export function runCommands(
  { host, commands, connection: way, after }: CommandsArgs,
  parent: pulumi.Resource,
): pulumi.Resource {
  const { via, ...target } = way;
  const dialled = {
    ...target,
    dialErrorLimit: DIAL_TRIES,
    ...(via && { proxy: { ...via, dialErrorLimit: DIAL_TRIES } }),
  };
  return commands.reduce<pulumi.Resource>(
    (previous, { name, script, timeout }) =>
      new remote.Command(
        // Not a hyphen, which both names may hold: host a-b with command c is not host a with command b-c.
        `${host}.${name}`,
        {
          connection: pulumi.secret(dialled),
          create: `timeout -k 10 ${timeout} sh -eu -s # ${name}`,
          stdin: script,
          addPreviousOutputInEnv: false,
          // The plugin logs what a command prints, also what is marked secret.
          logging: remote.Logging.None,
        },
        { parent, dependsOn: previous },
      ),
    after,
  );
}
