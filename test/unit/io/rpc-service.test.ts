import type { ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import pb from '@pulumi/pulumi/proto/provider_pb.js';
import statusPb from '@pulumi/pulumi/proto/status_pb.js';
import { afterEach, describe, expect, it } from 'vitest';
import { SecretPaths } from '../../../io/rpc/secrets.ts';
import type { ResourceHandler } from '../../../io/rpc/types.ts';
import { PartialFailure, UNKNOWN, UserError } from '../../../io/rpc/types.ts';
import { decodeStruct, encodeStruct } from '../../../io/rpc/values.ts';
import type { Harness } from './provider-client.ts';
import { createRequest, echo, harness, severity, URN } from './provider-client.ts';

let open: Harness[] = [];
async function started(...args: Parameters<typeof harness>): Promise<Harness> {
  const one = await harness(...args);
  open.push(one);
  return one;
}
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
});

/** Wait for a call that must fail. */
async function failure(call: Promise<unknown>): Promise<ServiceError> {
  try {
    await call;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error('the call did not fail');
}

/** Waits until its operation is aborted, then throws, as an SSH client would. */
function untilAborted(signal: AbortSignal, onStart: (started: true) => void): Promise<never> {
  onStart(true);
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('connection closed')));
  });
}

describe('secrets of a resource', () => {
  it('stay secret in outputs at the same path, and outputs that always are secret are marked', async () => {
    const provider = await started(
      echo({
        secretOutputs: ['privateKey'],
        create: (_op, news) => Promise.resolve({ id: '1', outputs: { ...news, privateKey: 'pem', publicKey: 'pub' } }),
      }),
    );
    const request = createRequest(
      { connection: { host: 'h', key: 's3cret' } },
      { secrets: new SecretPaths(['connection.key']) },
    );
    const { value, secrets } = decodeStruct((await provider.create(request)).getProperties());
    expect(value).toEqual({ connection: { host: 'h', key: 's3cret' }, privateKey: 'pem', publicKey: 'pub' });
    expect(secrets.list().sort()).toEqual(['connection.key', 'privateKey']);
  });

  it('are marked by check where the program forgot to', async () => {
    const provider = await started(echo({ secretInputs: ['connection'] }));
    const news = encodeStruct({ connection: { key: 's3cret' }, open: 'x' });
    const { value, secrets } = decodeStruct(
      (await provider.check(new pb.CheckRequest().setUrn(URN).setNews(news))).getInputs(),
    );
    expect(value).toEqual({ connection: { key: 's3cret' }, open: 'x' });
    expect(secrets.list()).toEqual(['connection']);
  });

  it('stay secret when check keeps them from the last run, unless the program gives the property in the open', async () => {
    const provider = await started(
      echo({ check: (_op, news, olds) => Promise.resolve({ inputs: { ...olds, ...news }, failures: [] }) }),
    );
    const olds = encodeStruct({ a: 'x', b: 'y' }, { secrets: new SecretPaths(['a', 'b']) });
    const request = new pb.CheckRequest()
      .setUrn(URN)
      .setOlds(olds)
      .setNews(encodeStruct({ b: 'z' }));
    const { value, secrets } = decodeStruct((await provider.check(request)).getInputs());
    expect(value).toEqual({ a: 'x', b: 'z' });
    expect(secrets.list()).toEqual(['a']);
  });

  it('never get into errors or logs, whichever call they came in with', async () => {
    const provider = await started(
      echo({
        create: (op, news) => {
          op.log('warning', `using ${JSON.stringify(news.key)}`);
          throw new UserError(`401 for ${JSON.stringify(news.key)} after hunter2hunter2`);
        },
      }),
      { definition: { secretConfig: ['token'] } },
    );
    const plain = await failure(provider.create(createRequest({ key: 'not-a-secret' })));
    expect(plain.details).toBe('401 for "not-a-secret" after [secret]');
    const request = createRequest({ key: 'top-secret-1' }, { secrets: new SecretPaths(['key']) });
    expect((await failure(provider.create(request))).details).toBe('401 for "[secret]" after [secret]');
    expect(provider.log.map((line) => line.message)).toEqual(['using "not-a-secret"', 'using "[secret]"']);
  });

  it('mark all of a function answer when an argument was secret', async () => {
    const provider = await started(echo(), {
      definition: {
        functions: { 't:index:f': (args) => Promise.resolve({ result: { twice: `${JSON.stringify(args.a)}2` } }) },
      },
    });
    const ask = (secrets: SecretPaths) =>
      provider.invoke(new pb.InvokeRequest().setTok('t:index:f').setArgs(encodeStruct({ a: 'x' }, { secrets })));
    expect(decodeStruct((await ask(new SecretPaths(['a']))).getReturn()).secrets.list()).toEqual(['twice']);
    expect(decodeStruct((await ask(new SecretPaths())).getReturn()).secrets.list()).toEqual([]);
  });

  it('of provider arguments are marked in the answer to CheckConfig', async () => {
    const provider = await started(echo(), { definition: { secretConfig: ['token'] } });
    const request = new pb.CheckRequest().setNews(encodeStruct({ token: 't0ken-t0ken', tailnet: '-' }));
    const { secrets } = decodeStruct((await provider.checkConfig(request)).getInputs());
    expect(secrets.list()).toEqual(['token']);
  });
});

describe('a create that fails half way', () => {
  const failing = (outputs: ResourceHandler<string>['create']): Promise<Harness> => started(echo({ create: outputs }));

  function detailOf(error: ServiceError) {
    const [trailer] = error.metadata.get('grpc-status-details-bin');
    const answer = statusPb.Status.deserializeBinary(trailer as Buffer);
    expect(answer.getCode()).toBe(status.UNKNOWN);
    const [any] = answer.getDetailsList();
    expect(any?.getTypeUrl()).toBe('type.googleapis.com/pulumirpc.ErrorResourceInitFailed');
    return pb.ErrorResourceInitFailed.deserializeBinary(any?.getValue_asU8() ?? new Uint8Array());
  }

  it('hands the engine what exists, with its reasons and its secrets marked', async () => {
    const provider = await failing((_op, news) => {
      throw new PartialFailure('id-7', { ...news, state: 'half' }, ['the host did not confirm', 'it reverts in 120 s']);
    });
    const request = createRequest({ key: 'top-secret-1' }, { secrets: new SecretPaths(['key']) });
    const detail = detailOf(await failure(provider.create(request)));
    expect(detail.getId()).toBe('id-7');
    expect(detail.getReasonsList()).toEqual(['the host did not confirm', 'it reverts in 120 s']);
    const { value, secrets } = decodeStruct(detail.getProperties());
    expect(value).toEqual({ key: 'top-secret-1', state: 'half' });
    expect(secrets.list()).toEqual(['key']);
    expect(decodeStruct(detail.getInputs()).value).toEqual({ key: 'top-secret-1' });
  });

  it('is the answer too when a handler says that it made something and then cannot say what', async () => {
    const provider = await failing(() => Promise.resolve({ id: 'id-8', outputs: { ok: 1, open: UNKNOWN } }));
    const detail = detailOf(await failure(provider.create(createRequest({}))));
    expect(detail.getId()).toBe('id-8');
    expect(decodeStruct(detail.getProperties()).value).toEqual({ ok: 1 });
    expect(detail.getReasonsList()[0]).toContain('open: not known');
    const preview = await provider.create(createRequest({}).setPreview(true));
    expect(preview.getId()).toBe('');
    expect(decodeStruct(preview.getProperties()).value).toEqual({ ok: 1, open: UNKNOWN });
  });
});

describe('errors', () => {
  it('of the world are their message, errors of ours keep their stack and cause', async () => {
    const provider = await started(
      echo({
        create: () =>
          Promise.reject(new UserError('fra-edge-01: port 22 refused', { cause: new Error('ECONNREFUSED') })),
        delete: () => Promise.reject(new Error('boom', { cause: new Error('underneath') })),
      }),
    );
    const told = await failure(provider.create(createRequest({})));
    expect([told.code, told.details]).toEqual([status.FAILED_PRECONDITION, 'fra-edge-01: port 22 refused']);
    const bug = await failure(provider.delete(new pb.DeleteRequest().setUrn(URN)));
    expect(bug.code).toBe(status.UNKNOWN);
    expect(bug.details).toMatch(/^Error: boom\n.*rpc-service\.test\.ts.*underneath/s);
  });

  it('name the types and functions that exist', async () => {
    const provider = await started(echo());
    const request = new pb.CreateRequest().setUrn(URN.replace('Thing', 'Thin'));
    expect((await failure(provider.create(request))).details).toBe(
      't:index:Thin is not a resource type of provider t 1.2.3; it has t:index:Thing',
    );
    const invoke = new pb.InvokeRequest().setTok('toString');
    expect((await failure(provider.invoke(invoke))).details).toContain('not a function of provider t');
  });

  it('tell why a type is refused on purpose', async () => {
    const refused = { 't:index:Gone': 'this one is not played here' };
    const provider = await started(echo(), { definition: { refused } });
    const request = new pb.CreateRequest().setUrn(URN.replace('Thing', 'Gone'));
    expect((await failure(provider.create(request))).details).toBe('t:index:Gone: this one is not played here');
  });

  it('refuse resources of a provider that was not configured', async () => {
    const provider = await started(echo(), { configure: false });
    expect((await failure(provider.create(createRequest({})))).details).toContain('before it was configured');
  });
});

describe('Cancel', () => {
  it('aborts the operations in flight and none that come later', async () => {
    const running = Promise.withResolvers<true>();
    const provider = await started(
      echo({
        create: (op, news) =>
          news.slow === true ? untilAborted(op.signal, running.resolve) : Promise.resolve({ id: 'new', outputs: {} }),
      }),
    );
    const slow = failure(provider.create(createRequest({ slow: true })));
    await running.promise;
    await provider.cancel();
    const cancelled = await slow;
    expect([cancelled.code, cancelled.details]).toEqual([status.CANCELLED, 'cancelled: connection closed']);
    expect((await provider.create(createRequest({}))).getId()).toBe('new');
  });

  it('at the end of a normal update changes nothing: the next operation has a signal of its own', async () => {
    const aborted: boolean[] = [];
    const handler = echo({
      create: (op) => {
        aborted.push(op.signal.aborted);
        return Promise.resolve({ id: 'x', outputs: {} });
      },
    });
    const provider = await started(handler);
    await provider.create(createRequest({}));
    await provider.cancel();
    await provider.create(createRequest({}));
    expect(aborted).toEqual([false, false]);
  });

  it('keeps the partial record of an operation that was cut off', async () => {
    const running = Promise.withResolvers<true>();
    const provider = await started(
      echo({
        create: (op) =>
          untilAborted(op.signal, running.resolve).catch(() => {
            throw new PartialFailure('id-9', {}, ['interrupted after the join']);
          }),
      }),
    );
    const slow = failure(provider.create(createRequest({})));
    await running.promise;
    await provider.cancel();
    expect((await slow).metadata.get('grpc-status-details-bin')).toHaveLength(1);
  });

  it('aborts an operation whose call the engine gave up', async () => {
    const running = Promise.withResolvers<true>();
    const gone = Promise.withResolvers<true>();
    const provider = await started(
      echo({
        create: (op) => {
          op.signal.addEventListener('abort', () => gone.resolve(true));
          return untilAborted(op.signal, running.resolve);
        },
      }),
    );
    const call = provider.client.create(createRequest({}), () => undefined);
    await running.promise;
    call.cancel();
    await gone.promise;
  });
});

describe('the log of an operation', () => {
  it('is with the engine before the answer, in order, under the resource', async () => {
    const provider = await started(
      echo({
        create: (op) => {
          op.log('warning', 'first');
          op.status('second');
          op.log('error', `third of ${op.name}`);
          return Promise.resolve({ id: 'x', outputs: {} });
        },
      }),
      { logDelay: 30 },
    );
    await provider.create(createRequest({}));
    expect(provider.log).toEqual([
      { severity: severity.WARNING, message: 'first', urn: URN, ephemeral: false },
      { severity: severity.INFO, message: 'second', urn: URN, ephemeral: true },
      { severity: severity.ERROR, message: 'third of thing-1', urn: URN, ephemeral: false },
    ]);
  });
});

describe('a changed provider argument', () => {
  it('replaces the provider only where the definition says so', async () => {
    const provider = await started(echo(), { definition: { replaceConfig: ['tailnet'] } });
    const diff = async (olds: Record<string, string>, news: Record<string, string>) => {
      const request = new pb.DiffRequest().setOldInputs(encodeStruct(olds)).setNews(encodeStruct(news));
      const answer = await provider.diffConfig(request);
      return [answer.getChanges(), answer.getReplacesList()];
    };
    expect(await diff({ tailnet: 'a', token: 'x' }, { tailnet: 'a', token: 'y' })).toEqual([2, []]);
    expect(await diff({ tailnet: 'a' }, { tailnet: 'b' })).toEqual([2, ['tailnet']]);
    expect(await diff({ tailnet: 'a', version: '1' }, { tailnet: 'a', version: '2' })).toEqual([1, []]);
  });
});
