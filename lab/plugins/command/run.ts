import type { Client, ClientChannel } from 'ssh2';
import { UserError, type Operation } from '../../../io/rpc/types.ts';

export interface Job {
  command: string;
  stdin: string;
  environment: Record<string, string>;
  /** Of the last run, to be handed on; empty ones are not. */
  previous: { stdout: string; stderr: string };
  logging: string | undefined;
}

/** What an SSH server of Debian takes by default, and those of the lab with it. */
const ACCEPTED = /^(LANG|LC_\w*)$/;

const unset = (name: string): string =>
  `Unable to set '${name}'. This only works if your SSH server is configured to accept these variables via AcceptEnv. Alternatively, if a Bash-like shell runs the command on the remote host, you could prefix the command itself with the variables in the form 'VAR=value command'`;

/** Variables that the host takes. The command's own must all be taken; of its last output a warning says what was not. */
function variables(op: Operation, job: Job): Record<string, string> {
  for (const name of Object.keys(job.environment)) {
    if (ACCEPTED.test(name)) continue;
    op.log('error', unset(name));
    throw new UserError(`could not set environment variable "${name}": ssh: setenv failed`);
  }
  if (job.previous.stdout !== '') op.log('warning', unset('PULUMI_COMMAND_STDOUT'));
  if (job.previous.stderr !== '') op.log('warning', unset('PULUMI_COMMAND_STDERR'));
  return job.environment;
}

/** Lines to the engine's display as they come. */
function lineLog(op: Operation): { add(chunk: string): void; end(): void } {
  let rest = '';
  return {
    add(chunk) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) op.status(line);
    },
    end() {
      if (rest !== '') op.status(rest);
    },
  };
}

const logs = (stream: 'stdout' | 'stderr', logging: string | undefined): boolean =>
  logging === undefined || logging === stream || logging === 'stdoutAndStderr';

const withoutLastNewline = (text: string): string => (text.endsWith('\n') ? text.slice(0, -1) : text);

/**
 * Runs one command and answers what it wrote. Heeds neither the engine's Cancel nor any bound in time, like the official
 * plugin. Throws UserError that holds the command's text and its output.
 */
export async function run(op: Operation, client: Client, job: Job): Promise<{ stdout: string; stderr: string }> {
  const env = variables(op, job);
  const written = { stdout: '', stderr: '', both: '' };
  const log = lineLog(op);
  const take = (stream: 'stdout' | 'stderr') => (chunk: string) => {
    written[stream] += chunk;
    written.both += chunk;
    if (logs(stream, job.logging)) log.add(chunk);
  };
  const fault = await new Promise<string | undefined>((resolve, reject) => {
    client.exec(job.command, { env }, (error, channel) => {
      if (error !== undefined) {
        reject(new UserError(`ssh: ${error.message}`, { cause: error }));
        return;
      }
      // At once: a command that reads no input may be over by the next turn.
      resolve(ended(channel, take));
      channel.end(job.stdin);
    });
  });
  log.end();
  if (fault !== undefined) throw new UserError(`${fault}: running ${JSON.stringify(job.command)}:\n${written.both}`);
  return { stdout: withoutLastNewline(written.stdout), stderr: withoutLastNewline(written.stderr) };
}

/** How the command ended: undefined when well, else in the official plugin's words. */
function ended(
  channel: ClientChannel,
  take: (stream: 'stdout' | 'stderr') => (chunk: string) => void,
): Promise<string | undefined> {
  let how: string | undefined = 'wait: remote command exited without exit status or exit signal';
  channel.setEncoding('utf8').on('data', take('stdout'));
  channel.stderr.setEncoding('utf8').on('data', take('stderr'));
  channel.on('exit', (code: number | null, signal?: string) => {
    if (code === null) how = `Process exited with status 128 from signal ${(signal ?? '').replace(/^SIG/, '')}`;
    else how = code === 0 ? undefined : `Process exited with status ${code}`;
  });
  // A command may end without reading its input.
  channel.on('error', () => undefined);
  return new Promise((resolve) => channel.on('close', () => resolve(how)));
}
