import type { MethodDefinition, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { Client, credentials, Server } from '@grpc/grpc-js';
import analyzerGrpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import type { AnalyzerStackConfigureRequest } from '@pulumi/pulumi/proto/analyzer_pb.js';
import analyzerPb from '@pulumi/pulumi/proto/analyzer_pb.js';
import { listen, SERVER_OPTIONS } from '../../../io/rpc/serve.ts';

/**
 * A policy pack reads the stack's name and config from its environment, but the engine tells them only after it has the
 * pack's port. So the engine gets the port of this proxy; the pack starts once the configuration is here, and every other
 * call waits for it and passes through unread.
 */
interface PolicyProxy {
  port: number;
  /** What the engine said of the stack; `undefined` when it went on without saying (as `pulumi policy publish` does). */
  configuration: Promise<AnalyzerStackConfigureRequest | undefined>;
  /** Pass calls on to the pack at this loopback port, the configuration first. */
  connect(port: number): void;
  /** Fail the calls that wait for a pack that will not come. */
  fail(error: Error): void;
  close(): void;
}

const CLOSE_MS = 1000;

const bytes = (value: Buffer): Buffer => value;

export async function startPolicyProxy(): Promise<PolicyProxy> {
  const configuration = Promise.withResolvers<Buffer | undefined>();
  const pack = Promise.withResolvers<Client>();
  // Nobody may be waiting when the pack fails.
  pack.promise.catch(() => undefined);

  const forward = (path: string, call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
    configuration.resolve(undefined);
    pack.promise.then(
      (client) => client.makeUnaryRequest(path, bytes, bytes, call.request, (error, answer) => done(error, answer)),
      (error: unknown) => done(error as Error), // only `fail` and `close` reject it
    );
  };
  const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const server = new Server(SERVER_OPTIONS);
  for (const [name, method] of Object.entries(analyzerGrpc.AnalyzerService)) {
    const { path } = method as { path: string };
    definition[name] = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
  }
  const { handshake, configureStack, ...passing } = definition;
  if (handshake === undefined || configureStack === undefined) throw new Error('the SDK has another Analyzer protocol');
  server.addService(definition, {
    ...Object.fromEntries(
      Object.entries(passing).map(([name, { path }]) => [
        name,
        (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => forward(path, call, done),
      ]),
    ),
    handshake: (_call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      done(null, Buffer.from(new analyzerPb.AnalyzerHandshakeResponse().serializeBinary()));
    },
    configureStack: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
      configuration.resolve(call.request);
      done(null, Buffer.from(new analyzerPb.AnalyzerStackConfigureResponse().serializeBinary()));
    },
  });

  const port = await listen(server);
  let client: Client | undefined;
  return {
    port,
    configuration: configuration.promise.then((request) =>
      request === undefined ? undefined : analyzerPb.AnalyzerStackConfigureRequest.deserializeBinary(request),
    ),
    connect: (packPort) => {
      client = new Client(`127.0.0.1:${packPort}`, credentials.createInsecure(), {
        ...SERVER_OPTIONS,
        'grpc.enable_http_proxy': 0,
      });
      const connected = client;
      void configuration.promise.then((request) => {
        if (request === undefined) {
          pack.resolve(connected);
          return;
        }
        // A pack of an old SDK does not know the call; that is fine, as it is for the official host.
        connected.makeUnaryRequest(configureStack.path, bytes, bytes, request, () => pack.resolve(connected));
      });
    },
    fail: (error) => {
      pack.reject(error);
    },
    close: () => {
      pack.reject(new Error('the policy pack ended'));
      client?.close();
      // Calls that `fail` just answered must get out before the connection goes, or the engine reports a broken transport.
      const late = setTimeout(() => server.forceShutdown(), CLOSE_MS);
      server.tryShutdown(() => clearTimeout(late));
    },
  };
}
