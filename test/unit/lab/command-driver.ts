import ssh2 from 'ssh2';
import type { Connection as SshConnection } from 'ssh2';
import { newKeyPair } from '../../../lab/api/key-pair.ts';
import { COMMAND } from '../../../lab/plugins/command/definition.ts';
import type { DiffAnswer, Inputs, Operation, ResourceHandler } from '../../../io/rpc/types.ts';
import { bootstrapKey, deployKey, jumpHostKey, jumpKey, type Lab } from './sshd-fixtures.ts';

/** A resource as the engine records it. */
export interface Recorded {
  id: string;
  inputs: Inputs;
  outputs: Inputs;
}

/** The way to a host of the lab, as the program gives it. */
export const connection = (lab: Lab, part: Inputs = {}, proxy: Inputs = {}): Inputs => ({
  host: '203.0.113.10',
  user: 'ops',
  privateKey: deployKey.private,
  hostKey: bootstrapKey.public,
  dialErrorLimit: 0,
  proxy: {
    host: '127.0.0.1',
    port: lab.sshd.port,
    user: 'lab',
    privateKey: jumpKey.private,
    hostKey: jumpHostKey.public,
    dialErrorLimit: 0,
    ...proxy,
  },
  ...part,
});

/** Plays the engine's part for one remote command at a time. */
export function startDriver() {
  const said: string[] = [];
  const stop = new AbortController();
  const handler: ResourceHandler<undefined> | undefined = COMMAND.resources['command:remote:Command'];
  if (handler === undefined) throw new Error('no such type');
  const op: Operation = {
    urn: 'urn:pulumi:staging::acme::command:remote:Command::motd',
    name: 'motd',
    log: (severity, message) => void said.push(`${severity}: ${message}`),
    status: (message) => void said.push(`status: ${message}`),
    signal: stop.signal,
  };
  const check = async (args: Inputs): Promise<Inputs> => {
    const { inputs, failures } = await handler.check(op, args, undefined, undefined);
    if (failures.length > 0)
      throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join('; '));
    return inputs;
  };
  return {
    said,
    cancel: () => stop.abort(),
    check,
    preview: async (args: Inputs): Promise<Inputs> =>
      (await handler.create(op, await check(args), true, undefined)).outputs,
    create: async (args: Inputs): Promise<Recorded> => {
      const inputs = await check(args);
      return { inputs, ...(await handler.create(op, inputs, false, undefined)) };
    },
    diff: async (old: Recorded, args: Inputs): Promise<DiffAnswer> =>
      handler.diff(op, old.id, old.outputs, old.inputs, await check(args), undefined),
    update: async (old: Recorded, args: Inputs, preview = false): Promise<Recorded> => {
      const inputs = await check(args);
      const { outputs } = await handler.update(op, old.id, old.outputs, old.inputs, inputs, preview, undefined);
      return { id: old.id, inputs, outputs };
    },
    refresh: (old: Recorded) => handler.read(op, old.id, old.outputs, old.inputs, undefined),
    remove: (old: Recorded): Promise<void> => handler.delete(op, old.id, old.outputs, old.inputs, undefined),
  };
}

/** What a server got to run. */
export interface Heard {
  command: string;
  stdin: string;
  env: Record<string, string>;
  method: string;
}

/** An SSH server on loopback that writes back what it is told to: `out TEXT`, `err TEXT`, `exit N`, `die`, separated by `;`. */
export async function startEcho(password: string) {
  const heard: Heard[] = [];
  const key = newKeyPair('echo');
  const open = new Set<SshConnection>();
  const serve = (client: SshConnection): void => {
    let method = '';
    open.add(client);
    // With Nagle's algorithm every small packet waits 40 ms.
    (client as SshConnection & { setNoDelay(on: boolean): void }).setNoDelay(true);
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      method = context.method;
      const known =
        (context.method === 'password' && context.password === password) ||
        (context.method === 'publickey' && context.key.data.toString('base64') === deployKey.public.split(' ')[1]);
      if (known) context.accept();
      else context.reject(['publickey', 'password']);
    });
    client.on('session', (accept) => {
      const env: Record<string, string> = {};
      const session = accept();
      session.on('env', (_accept, _reject, info) => void (env[info.key] = info.val));
      session.on('exec', (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        let stdin = '';
        channel.on('data', (chunk: Buffer) => (stdin += chunk.toString()));
        channel.on('end', () => {
          heard.push({ command, stdin, env, method });
          let code = 0;
          for (const [verb = '', ...words] of command.split(';').map((part) => part.trim().split(' '))) {
            const text = words.join(' ').replaceAll('\\n', '\n');
            if (verb === 'out') channel.write(text);
            if (verb === 'err') channel.stderr.write(text);
            if (verb === 'exit') code = Number(text);
            if (verb === 'die') client.end();
          }
          if (command.includes('die')) return;
          channel.exit(code);
          channel.end();
        });
      });
    });
  };
  const server = new ssh2.Server({ hostKeys: [key.privateKey] }, serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    heard,
    hostKey: key.publicKey,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const client of open) client.end();
      }),
  };
}
