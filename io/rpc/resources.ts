import type { ServerUnaryCall } from '@grpc/grpc-js';
import type {
  CheckRequest,
  CheckResponse,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  DiffRequest,
  DiffResponse,
  ReadRequest,
  ReadResponse,
  UpdateRequest,
  UpdateResponse,
} from '@pulumi/pulumi/proto/provider_pb.js';
import type { IResourceProviderServer } from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import pb from '@pulumi/pulumi/proto/provider_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Empty } from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Struct } from 'google-protobuf/google/protobuf/struct_pb.js';
import { diffResponse } from './diff-response.ts';
import { initFailed, toServiceError } from './errors.ts';
import type { SecretPaths } from './secrets.ts';
import type { Session } from './session.ts';
import type { CheckFailure, Inputs, Operation, ProviderDefinition, ResourceHandler } from './types.ts';
import { PartialFailure, UserError } from './types.ts';
import { unary } from './unary.ts';
import { parseUrn } from './urn.ts';
import type { Decoded } from './values.ts';
import { decodeStruct, encodeStruct, hasProperty, knownOnly } from './values.ts';
import { rootOf } from './path.ts';

type ResourceCalls = Pick<IResourceProviderServer, 'check' | 'diff' | 'create' | 'read' | 'update' | 'delete'>;

/** Check, Diff, Create, Read, Update and Delete of all resource types of a provider. */
export function resourceCalls<Client>(
  definition: ProviderDefinition<Client>,
  session: Session,
  client: () => Promise<Client>,
): ResourceCalls {
  const decode = (struct: Struct | undefined): Decoded => decodeStruct(struct, session.redactor);

  /** Find the handler, run the body as one cancellable operation, and tell its failure with the operation's signal in view. */
  async function run<Q, A>(
    call: ServerUnaryCall<Q, A>,
    about: { urn: string; timeout?: number },
    body: (op: Operation, handler: ResourceHandler<Client>, client: Client) => Promise<A>,
  ): Promise<A> {
    const handler = handlerOf(definition, about.urn);
    return session.operate(call, about, async (op) => {
      try {
        return await body(op, handler, await client());
      } catch (error) {
        throw toServiceError(error, session.redactor, op.signal);
      }
    });
  }

  /** Encode what exists now. A resource that was made is never lost over its answer: what is wrong with it is recorded with it. */
  function encodeMade(id: string, outputs: Inputs, inputs: Decoded, secrets: SecretPaths, preview: boolean): Struct {
    try {
      return encodeStruct(outputs, { secrets, unknowns: preview ? 'keep' : 'reject' });
    } catch (error) {
      if (preview) throw error;
      throw partial(new PartialFailure(id, knownOnly(outputs), [describe(error)]), inputs, secrets);
    }
  }

  function partial(failure: PartialFailure, inputs: Decoded, secrets: SecretPaths): Error {
    return initFailed({
      id: failure.id,
      properties: encodeStruct(knownOnly(failure.outputs), { secrets }),
      inputs: encodeStruct(knownOnly(inputs.value), { secrets: inputs.secrets }),
      reasons: failure.reasons.map((reason) => session.redactor.redact(reason)),
    });
  }

  return {
    check: unary<CheckRequest, CheckResponse>(session.redactor, (request, call) =>
      run(call, { urn: request.getUrn() }, async (op, handler, client) => {
        const news = decode(request.getNews());
        const olds = decode(request.getOlds());
        // The engine cannot say "no olds": it sends an empty struct.
        const known = Object.keys(olds.value).length > 0 ? olds.value : undefined;
        const { inputs, failures } = await handler.check(op, news.value, known, client);
        // A secret that a handler kept from the olds stays one, unless the program now gives that property itself.
        const kept = olds.secrets.list().filter((path) => !hasProperty(news.value, rootOf(path)));
        return new pb.CheckResponse()
          .setInputs(encodeStruct(inputs, { secrets: news.secrets.with(kept).with(handler.secretInputs ?? []) }))
          .setFailuresList(checkFailures(failures));
      }),
    ),

    diff: unary<DiffRequest, DiffResponse>(session.redactor, (request, call) =>
      run(call, { urn: request.getUrn() }, async (op, handler, client) => {
        const news = decode(request.getNews()).value;
        const oldInputs = decode(request.getOldInputs()).value;
        const olds = decode(request.getOlds()).value;
        const answer = await handler.diff(op, request.getId(), olds, oldInputs, news, client);
        // The engine filters ignored inputs itself, but not when it asks whether a dependent has to be replaced too.
        for (const path of Object.keys(answer.changes))
          if (
            request
              .getIgnorechangesList()
              .some((ignored) => path === ignored || path.startsWith(`${ignored}.`) || path.startsWith(`${ignored}[`))
          )
            Reflect.deleteProperty(answer.changes, path);
        return diffResponse(answer, (property) => hasProperty(oldInputs, property) || hasProperty(news, property));
      }),
    ),

    create: unary<CreateRequest, CreateResponse>(session.redactor, (request, call) =>
      run(call, { urn: request.getUrn(), timeout: request.getTimeout() }, async (op, handler, client) => {
        const news = decode(request.getProperties());
        const secrets = news.secrets.with(handler.secretOutputs ?? []);
        const preview = request.getPreview();
        try {
          const { id, outputs } = await handler.create(op, news.value, preview, client);
          const properties = encodeMade(id, outputs, news, secrets, preview);
          return new pb.CreateResponse().setId(preview ? '' : id).setProperties(properties);
        } catch (error) {
          throw error instanceof PartialFailure ? partial(error, news, secrets) : error;
        }
      }),
    ),

    read: unary<ReadRequest, ReadResponse>(session.redactor, (request, call) =>
      run(call, { urn: request.getUrn(), timeout: request.getTimeout() }, async (op, handler, client) => {
        const outputs = decode(request.getProperties());
        const inputs = decode(request.getInputs());
        const found = await handler.read(op, request.getId(), outputs.value, inputs.value, client);
        const answer = new pb.ReadResponse();
        if (found === undefined) return answer;
        const always = handler.secretOutputs ?? [];
        const outputSecrets = outputs.secrets.with(inputs.secrets).with(always);
        return answer
          .setId(found.id)
          .setProperties(encodeStruct(found.outputs, { secrets: outputSecrets, unknowns: 'reject' }))
          .setInputs(encodeStruct(found.inputs, { secrets: inputs.secrets.with(always), unknowns: 'reject' }));
      }),
    ),

    update: unary<UpdateRequest, UpdateResponse>(session.redactor, (request, call) =>
      run(call, { urn: request.getUrn(), timeout: request.getTimeout() }, async (op, handler, client) => {
        const [olds, oldInputs] = [decode(request.getOlds()), decode(request.getOldInputs())];
        const news = decode(request.getNews());
        const secrets = news.secrets.with(handler.secretOutputs ?? []);
        const [id, preview] = [request.getId(), request.getPreview()];
        try {
          const { outputs } = await handler.update(op, id, olds.value, oldInputs.value, news.value, preview, client);
          return new pb.UpdateResponse().setProperties(encodeMade(id, outputs, news, secrets, preview));
        } catch (error) {
          throw error instanceof PartialFailure ? partial(error, news, secrets) : error;
        }
      }),
    ),

    delete: unary<DeleteRequest, Empty>(session.redactor, (request, call) =>
      run(call, { urn: request.getUrn(), timeout: request.getTimeout() }, async (op, handler, client) => {
        const olds = decode(request.getProperties()).value;
        const oldInputs = decode(request.getOldInputs()).value;
        await handler.delete(op, request.getId(), olds, oldInputs, client);
        return new emptyPb.Empty();
      }),
    ),
  };
}

/** Wire form of check failures. */
export function checkFailures(failures: readonly CheckFailure[]) {
  return failures.map(({ property, reason }) => new pb.CheckFailure().setProperty(property).setReason(reason));
}

function handlerOf<Client>(definition: ProviderDefinition<Client>, urn: string): ResourceHandler<Client> {
  const { type } = parseUrn(urn);
  const handler = Object.hasOwn(definition.resources, type) ? definition.resources[type] : undefined;
  if (handler !== undefined) return handler;
  const refused = definition.refused ?? {};
  if (Object.hasOwn(refused, type)) throw new UserError(`${type}: ${refused[type]}`);
  const known = Object.keys(definition.resources).sort().join(', ');
  throw new UserError(
    `${type} is not a resource type of provider ${definition.name} ${definition.version}; it has ${known}`,
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
