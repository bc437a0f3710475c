import { spawn, type ChildProcess } from 'node:child_process';
import type { ServiceError } from '@grpc/grpc-js';
import { credentials, Server } from '@grpc/grpc-js';
import engineGrpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import type { IEngineServer } from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import providerGrpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import type { CheckResponse, DiffResponse, ReadResponse } from '@pulumi/pulumi/proto/provider_pb.js';
import pb from '@pulumi/pulumi/proto/provider_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import { rootOf } from '../../io/rpc/path.ts';
import { listen } from '../../io/rpc/serve.ts';
import type { Inputs } from '../../io/rpc/types.ts';
import { decodeStruct, encodeStruct, type Decoded } from '../../io/rpc/values.ts';

export interface Checked extends Decoded {
  failures: { property: string; reason: string }[];
}
export interface Diffed {
  changed: Set<string>;
  replacing: Set<string>;
  deletesFirst: boolean;
}

/** A resource as a state has it. */
export interface Recorded {
  id: string;
  outputs: Inputs;
  inputs: Inputs;
}

function answer<A>(call: (done: (error: ServiceError | null, value: A) => void) => unknown): Promise<A> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error);
      else resolve(value);
    });
  });
}

/** A provider plugin in a process of its own, spoken to as the engine does. Stand-ins and official ones alike. */
export class Plugin {
  readonly #process: ChildProcess;
  readonly #engine: Server;
  readonly #client: InstanceType<typeof providerGrpc.ResourceProviderClient>;

  private constructor(process: ChildProcess, engine: Server, port: string) {
    this.#process = process;
    this.#engine = engine;
    this.#client = new providerGrpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
  }

  static async start(
    command: readonly [string, ...string[]],
    config: Inputs,
    env: Record<string, string> = {},
  ): Promise<Plugin> {
    const engine = new Server();
    engine.addService(engineGrpc.EngineService, {
      log: (_call, callback) => callback(null, new emptyPb.Empty()),
    } satisfies Pick<IEngineServer, 'log'>);
    const address = `127.0.0.1:${await listen(engine)}`;
    const child = spawn(command[0], [...command.slice(1), address], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const port = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.once('error', reject);
      child.once('close', (code) => reject(new Error(`${command.join(' ')} ended with ${String(code)}: ${said}`)));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const found = /^(\d+)\n/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const plugin = new Plugin(child, engine, port);
    await plugin.#configure(config);
    return plugin;
  }

  async stop(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#process.once('close', () => resolve()));
    this.#client.close();
    this.#process.kill('SIGTERM');
    await gone;
    this.#engine.forceShutdown();
  }

  async #configure(config: Inputs): Promise<void> {
    const args = encodeStruct(config);
    await answer<unknown>((done) =>
      this.#client.configure(
        new pb.ConfigureRequest().setArgs(args).setAcceptsecrets(true).setAcceptresources(true),
        done,
      ),
    );
  }

  /** Top-level arguments of the provider that it marks as secret itself. */
  async secretConfig(name: string, config: Inputs): Promise<string[]> {
    const urn = `urn:pulumi:dev::table::pulumi:providers:${name}::default`;
    const checked = await answer<CheckResponse>((done) =>
      this.#client.checkConfig(new pb.CheckRequest().setUrn(urn).setNews(encodeStruct(config)), done),
    );
    return decodeStruct(checked.getInputs()).secrets.list();
  }

  async version(): Promise<string> {
    const info = await answer<{ getVersion(): string }>((done) =>
      this.#client.getPluginInfo(new emptyPb.Empty(), done),
    );
    return info.getVersion();
  }

  async schema(): Promise<unknown> {
    const response = await answer<{ getSchema(): string }>((done) =>
      this.#client.getSchema(new pb.GetSchemaRequest().setVersion(0), done),
    );
    return JSON.parse(response.getSchema());
  }

  async check(token: string, news: Inputs, olds: Inputs = {}, name = 'example'): Promise<Checked> {
    const request = new pb.CheckRequest()
      .setUrn(urnOf(token, name))
      .setNews(encodeStruct(news))
      .setOlds(encodeStruct(olds))
      // A seed as the engine sends it: made-up names come from it.
      .setRandomseed(Buffer.alloc(32, 7));
    let checked: CheckResponse;
    try {
      checked = await answer<CheckResponse>((done) => this.#client.check(request, done));
    } catch (error) {
      // The SDKv2 bridge fails as a whole over a text where it wants a number.
      return { ...decodeStruct(undefined), failures: [{ property: '', reason: String(error) }] };
    }
    const failures = checked
      .getFailuresList()
      .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
    return { ...decodeStruct(checked.getInputs()), failures };
  }

  /** What a plan says the outputs will be. */
  async planned(token: string, inputs: Inputs): Promise<Decoded> {
    const request = new pb.CreateRequest()
      .setUrn(urnOf(token, 'example'))
      .setProperties(encodeStruct(inputs))
      .setPreview(true);
    return decodeStruct(
      (
        await answer<{ getProperties(): Parameters<typeof decodeStruct>[0] }>((done) =>
          this.#client.create(request, done),
        )
      ).getProperties(),
    );
  }

  async create(token: string, inputs: Inputs): Promise<Recorded> {
    const request = new pb.CreateRequest()
      .setUrn(urnOf(token, 'example'))
      .setProperties(encodeStruct(inputs))
      .setTimeout(600);
    const made = await answer<{ getId(): string; getProperties(): Parameters<typeof decodeStruct>[0] }>((done) =>
      this.#client.create(request, done),
    );
    return { id: made.getId(), inputs, outputs: decodeStruct(made.getProperties()).value };
  }

  /** As an import asks: by id alone. */
  async import(token: string, id: string): Promise<Recorded | undefined> {
    const request = new pb.ReadRequest().setUrn(urnOf(token, 'example')).setId(id);
    const found = await answer<ReadResponse>((done) => this.#client.read(request, done));
    if (found.getId() === '') return undefined;
    return {
      id: found.getId(),
      outputs: decodeStruct(found.getProperties()).value,
      inputs: decodeStruct(found.getInputs()).value,
    };
  }

  async diff(token: string, old: Recorded, news: Inputs): Promise<Diffed> {
    const request = new pb.DiffRequest()
      .setUrn(urnOf(token, 'example'))
      .setId(old.id)
      .setOlds(encodeStruct(old.outputs))
      .setOldInputs(encodeStruct(old.inputs))
      .setNews(encodeStruct(news));
    const diff = await answer<DiffResponse>((done) => this.#client.diff(request, done));
    const changed = new Set(diff.getDiffsList());
    const replacing = new Set(diff.getReplacesList().map(rootOf));
    diff.getDetaileddiffMap().forEach((change, path) => {
      changed.add(rootOf(path));
      const { ADD_REPLACE, UPDATE_REPLACE, DELETE_REPLACE } = pb.PropertyDiff.Kind;
      if ([ADD_REPLACE, UPDATE_REPLACE, DELETE_REPLACE].some((kind) => kind === change.getKind()))
        replacing.add(rootOf(path));
    });
    if (diff.getChanges() === pb.DiffResponse.DiffChanges.DIFF_NONE) changed.clear();
    return { changed, replacing, deletesFirst: diff.getDeletebeforereplace() };
  }
}

function urnOf(token: string, name: string): string {
  return `urn:pulumi:dev::table::${token}::${name}`;
}
