import { Server, ServerCredentials } from '@grpc/grpc-js';
import providerGrpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import { providerService } from './provider-service.ts';
import { Session } from './session.ts';
import type { ProviderDefinition } from './types.ts';

/** How long operations may take to end well after their engine is gone or the plugin is told to go. */
const GRACE_MS = 5000;

/** No limit on messages: a release may carry files of any size. grpc-js stops at 4 MB otherwise. */
export const SERVER_OPTIONS = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

export interface RunningProvider {
  port: number;
  session: Session;
  /** Stops answering; running operations are aborted and get `GRACE_MS` to end. */
  stop(reason: string): Promise<void>;
}

/** Bind a server to a free port of loopback. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}

/** The engine's address on a plugin's command line: its last argument that is no flag. */
export function engineAddress(argv: readonly string[]): string | undefined {
  return argv.filter((argument) => !argument.startsWith('-')).at(-1);
}

/** Serve a provider on a free loopback port, without touching the process: for tests, and for `serveProvider`. */
export async function startProvider<Client>(
  definition: ProviderDefinition<Client>,
  engine?: string,
): Promise<RunningProvider> {
  const session = new Session(engine);
  const server = new Server(SERVER_OPTIONS);
  server.addService(providerGrpc.ResourceProviderService, providerService(definition, session));
  const port = await listen(server);
  return {
    port,
    session,
    stop: async (reason) => {
      session.inFlight.abortAll(reason);
      await session.inFlight.settled(GRACE_MS);
      session.close();
      server.forceShutdown();
    },
  };
}

/**
 * Be a provider plugin: print the port, serve until the engine is gone or says so (SIGINT or SIGTERM), exit.
 * Resolves when the provider is ready; never prints anything but the port on stdout.
 */
export async function serveProvider<Client>(definition: ProviderDefinition<Client>): Promise<void> {
  const running = await startProvider(definition, engineAddress(process.argv.slice(2)));
  const { redactor } = running.session;
  let leaving = false;
  const leave = (reason: string, code: number): void => {
    if (leaving) return;
    leaving = true;
    void running.stop(reason).finally(() => process.exit(code));
  };
  running.session.onEngineGone(() => leave('the Pulumi engine is gone', 1));
  process.on('SIGINT', () => leave('the plugin was told to stop', 0));
  process.on('SIGTERM', () => leave('the plugin was told to stop', 0));
  // Node's own report of an uncaught error would print it as it is, secrets included.
  process.on('uncaughtException', (error: Error) => {
    process.stderr.write(`${redactor.redact(error.stack ?? error.message)}\n`);
    leave('the plugin failed', 1);
  });
  process.stdout.write(`${running.port}\n`);
}
