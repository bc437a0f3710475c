import { status } from '@grpc/grpc-js';
import type { PluginAttach, PluginInfo } from '@pulumi/pulumi/proto/plugin_pb.js';
import pluginPb from '@pulumi/pulumi/proto/plugin_pb.js';
import type { IResourceProviderServer } from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import type {
  CallRequest,
  CallResponse,
  CheckRequest,
  CheckResponse,
  ConfigureRequest,
  ConfigureResponse,
  DiffRequest,
  DiffResponse,
  GetSchemaRequest,
  GetSchemaResponse,
  InvokeRequest,
  InvokeResponse,
  ParameterizeRequest,
  ParameterizeResponse,
  ProviderHandshakeRequest,
  ProviderHandshakeResponse,
} from '@pulumi/pulumi/proto/provider_pb.js';
import pb from '@pulumi/pulumi/proto/provider_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Empty } from 'google-protobuf/google/protobuf/empty_pb.js';
import { diffResponse } from './diff-response.ts';
import { diffInputs } from './diff.ts';
import { serviceError } from './errors.ts';
import { formatPath, rootOf } from './path.ts';
import { checkFailures, resourceCalls } from './resources.ts';
import { SecretPaths } from './secrets.ts';
import type { Session } from './session.ts';
import type { Inputs, PropertyDiff, ProviderDefinition } from './types.ts';
import { UserError } from './types.ts';
import { unary } from './unary.ts';
import { decodeStruct, encodeStruct } from './values.ts';

/** A provider as a gRPC service. Calls that are not here (List, Construct, mappings) answer UNIMPLEMENTED. */
export function providerService<Client>(definition: ProviderDefinition<Client>, session: Session) {
  const { redactor } = session;
  let configured: Promise<Client> | undefined;
  const client = (): Promise<Client> => {
    if (configured !== undefined) return configured;
    throw serviceError(status.FAILED_PRECONDITION, `provider ${definition.name} was used before it was configured`);
  };
  const refuse = (what: string): never => {
    throw serviceError(status.UNIMPLEMENTED, `provider ${definition.name} has no ${what}`);
  };
  const functions = definition.functions ?? {};

  return {
    ...resourceCalls(definition, session, async () => client()),

    handshake: unary<ProviderHandshakeRequest, ProviderHandshakeResponse>(redactor, (request) => {
      session.attach(request.getEngineAddress());
      return new pb.ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptResources(true);
    }),

    attach: unary<PluginAttach, Empty>(redactor, (request) => {
      session.attach(request.getAddress());
      return new emptyPb.Empty();
    }),

    getPluginInfo: unary<Empty, PluginInfo>(redactor, () => new pluginPb.PluginInfo().setVersion(definition.version)),

    getSchema: unary<GetSchemaRequest, GetSchemaResponse>(redactor, () =>
      new pb.GetSchemaResponse().setSchema(
        definition.schema ?? JSON.stringify({ name: definition.name, version: definition.version }),
      ),
    ),

    parameterize: unary<ParameterizeRequest, ParameterizeResponse>(redactor, () => refuse('parameters')),
    call: unary<CallRequest, CallResponse>(redactor, (request) => refuse(`method ${request.getTok()}`)),

    checkConfig: unary<CheckRequest, CheckResponse>(redactor, (request) => {
      // Secrets are not marked in this call (the engine keeps them apart and marks the answer), whence `secretConfig`.
      const { value } = decodeStruct(request.getNews());
      const secretConfig = definition.secretConfig ?? [];
      for (const property of secretConfig) redactor.remember(value[property]);
      return new pb.CheckResponse()
        .setInputs(encodeStruct(value, { secrets: new SecretPaths(secretConfig.map((key) => formatPath([key]))) }))
        .setFailuresList(checkFailures(definition.checkConfig?.(ownArguments(value)) ?? []));
    }),

    diffConfig: unary<DiffRequest, DiffResponse>(redactor, (request) => {
      const olds = ownArguments(decodeStruct(request.getOldInputs() ?? request.getOlds()).value);
      const news = ownArguments(decodeStruct(request.getNews()).value);
      const replacing = definition.replaceConfig ?? [];
      const changes = Object.entries(diffInputs(olds, news)).map(([path, kind]): [string, PropertyDiff] => [
        path,
        replacing.includes(rootOf(path)) ? `${kind}-replace` : kind,
      ]);
      return diffResponse({ changes: Object.fromEntries(changes) }, () => true);
    }),

    configure: unary<ConfigureRequest, ConfigureResponse>(redactor, async (request) => {
      const { value } = decodeStruct(request.getArgs(), redactor);
      for (const property of definition.secretConfig ?? []) redactor.remember(value[property]);
      configured = Promise.resolve(definition.configure(ownArguments(value)));
      await configured;
      return new pb.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true).setAcceptresources(true);
    }),

    invoke: unary<InvokeRequest, InvokeResponse>(redactor, async (request) => {
      const token = request.getTok();
      const handler = Object.hasOwn(functions, token) ? functions[token] : undefined;
      if (handler === undefined) {
        const known = Object.keys(functions).sort().join(', ') || 'none';
        throw new UserError(`${token} is not a function of provider ${definition.name}; it has ${known}`);
      }
      const args = decodeStruct(request.getArgs(), redactor);
      const { result, failures } = await handler(args.value, await client());
      // Nothing says which part of an answer came from a secret argument: then all of it is secret.
      const secrets = new SecretPaths(args.secrets.size > 0 ? Object.keys(result).map((key) => formatPath([key])) : []);
      return new pb.InvokeResponse()
        .setReturn(encodeStruct(result, { secrets }))
        .setFailuresList(checkFailures(failures ?? []));
    }),

    cancel: unary<Empty, Empty>(redactor, () => {
      session.inFlight.abortAll('the update was cancelled');
      return new emptyPb.Empty();
    }),
  } satisfies Partial<IResourceProviderServer>;
}

/** What the program said, without what the engine adds to a provider's arguments. */
function ownArguments(config: Inputs): Inputs {
  const added = (key: string): boolean => key === 'version' || key === 'pluginDownloadURL' || key.startsWith('__');
  return Object.fromEntries(Object.entries(config).filter(([key]) => !added(key)));
}
