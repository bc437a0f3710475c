import type { ServiceError } from '@grpc/grpc-js';
import { credentials, Server } from '@grpc/grpc-js';
import enginePb from '@pulumi/pulumi/proto/engine_pb.js';
import type { LogRequest } from '@pulumi/pulumi/proto/engine_pb.js';
import engineGrpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import type { IEngineServer } from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import providerGrpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import type { ResourceProviderClient } from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import type {
  CheckRequest,
  CheckResponse,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  DiffRequest,
  DiffResponse,
  InvokeRequest,
  InvokeResponse,
} from '@pulumi/pulumi/proto/provider_pb.js';
import providerPb from '@pulumi/pulumi/proto/provider_pb.js';
import type { Empty } from 'google-protobuf/google/protobuf/empty_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { RunningProvider } from '../../../io/rpc/serve.ts';
import { listen, startProvider } from '../../../io/rpc/serve.ts';
import type { Inputs, ProviderDefinition, ResourceHandler } from '../../../io/rpc/types.ts';
import { encodeStruct } from '../../../io/rpc/values.ts';

export const URN = 'urn:pulumi:dev::proj::pkg:index:Parent$t:index:Thing::thing-1';

/** One gRPC call as a promise. */
function answer<A>(call: (done: (error: ServiceError | null, answer: A) => void) => unknown): Promise<A> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error);
      else resolve(value);
    });
  });
}

export interface Harness {
  client: ResourceProviderClient;
  provider: RunningProvider;
  /** What the engine was told, in order of arrival. */
  log: { severity: number; message: string; urn: string; ephemeral: boolean }[];
  checkConfig: (request: CheckRequest) => Promise<CheckResponse>;
  diffConfig: (request: DiffRequest) => Promise<DiffResponse>;
  check: (request: CheckRequest) => Promise<CheckResponse>;
  create: (request: CreateRequest) => Promise<CreateResponse>;
  delete: (request: DeleteRequest) => Promise<Empty>;
  invoke: (request: InvokeRequest) => Promise<InvokeResponse>;
  cancel: () => Promise<Empty>;
  close: () => Promise<void>;
}

/** A handler that keeps its inputs; tests override what they are about. */
export function echo(overrides: Partial<ResourceHandler<string>> = {}): ResourceHandler<string> {
  return {
    check: (_op, news) => Promise.resolve({ inputs: news, failures: [] }),
    diff: () => Promise.resolve({ changes: {} }),
    create: (_op, news) => Promise.resolve({ id: 'id-1', outputs: { ...news } }),
    read: (_op, id, outputs, inputs) => Promise.resolve({ id, outputs, inputs }),
    update: (_op, _id, _olds, _oldInputs, news) => Promise.resolve({ outputs: { ...news } }),
    delete: () => Promise.resolve(),
    ...overrides,
  };
}

/** The provider over real gRPC on loopback, with an engine that records what it is told, slowly if `logDelay` says so. */
export async function harness(
  handler: ResourceHandler<string>,
  options: { definition?: Partial<ProviderDefinition<string>>; logDelay?: number; configure?: boolean } = {},
): Promise<Harness> {
  const log: Harness['log'] = [];
  const engine = new Server();
  engine.addService(engineGrpc.EngineService, {
    log: (call, callback) => {
      const line: LogRequest = call.request;
      setTimeout(() => {
        log.push({
          severity: line.getSeverity(),
          message: line.getMessage(),
          urn: line.getUrn(),
          ephemeral: line.getEphemeral(),
        });
        callback(null, new emptyPb.Empty());
      }, options.logDelay ?? 0);
    },
  } satisfies Pick<IEngineServer, 'log'>);
  const enginePort = await listen(engine);
  const provider = await startProvider(
    {
      name: 't',
      version: '1.2.3',
      configure: () => 'client',
      resources: { 't:index:Thing': handler },
      ...options.definition,
    },
    `127.0.0.1:${enginePort}`,
  );
  const client = new providerGrpc.ResourceProviderClient(`127.0.0.1:${provider.port}`, credentials.createInsecure());
  const harness: Harness = {
    client,
    provider,
    log,
    checkConfig: (request) => answer((done) => client.checkConfig(request, done)),
    diffConfig: (request) => answer((done) => client.diffConfig(request, done)),
    check: (request) => answer((done) => client.check(request, done)),
    create: (request) => answer((done) => client.create(request, done)),
    delete: (request) => answer((done) => client.delete(request, done)),
    invoke: (request) => answer((done) => client.invoke(request, done)),
    cancel: () => answer((done) => client.cancel(new emptyPb.Empty(), done)),
    close: async () => {
      client.close();
      await provider.stop('test over');
      engine.forceShutdown();
    },
  };
  if (options.configure !== false) {
    const args = encodeStruct({ token: 'hunter2hunter2' });
    await answer((done) => client.configure(new providerPb.ConfigureRequest().setArgs(args), done));
  }
  return harness;
}

export const severity = enginePb.LogSeverity;

export function createRequest(properties: Inputs, secrets?: Parameters<typeof encodeStruct>[1]) {
  return new providerPb.CreateRequest().setUrn(URN).setProperties(encodeStruct(properties, secrets));
}
