/**
 * What a Pulumi resource provider is, seen from TypeScript: plain values in, plain values out.
 * `serve.ts` turns this into the engine's gRPC protocol; `values.ts` keeps secrets and unknowns.
 */

/** A value that the engine does not know yet (only ever seen in check, diff and previews). */
export class Unknown {
  readonly kind = 'unknown';
}
export const UNKNOWN: Unknown = new Unknown();

/** Plain data with unknowns in it. Secrets are unwrapped; `serve` remembers which paths were secret and marks the answers. */
export type Value = undefined | null | boolean | number | string | Unknown | Value[] | { [key: string]: Value };
export type Inputs = Record<string, Value>;

export interface CheckFailure {
  /** Property path such as `connection.host`; empty for the resource as a whole. */
  property: string;
  reason: string;
}

/** Property path (`files["/etc/x"].content`) → what the change of it means. */
export type PropertyDiff = 'add' | 'update' | 'delete' | 'add-replace' | 'update-replace' | 'delete-replace';
export interface DiffAnswer {
  changes: Record<string, PropertyDiff>;
  deleteBeforeReplace?: boolean;
}

/** What every operation gets: where it is, a log that the engine shows under the resource, and a signal for Ctrl-C. */
export interface Operation {
  urn: string;
  /** The last segment of the URN. */
  name: string;
  log(severity: 'debug' | 'info' | 'warning' | 'error', message: string): void;
  /** A line that replaces itself in the engine's display. */
  status(message: string): void;
  /** Aborted when the engine cancels while this operation runs. Never aborted by the Cancel that ends every normal update. */
  signal: AbortSignal;
  /** Seconds, from customTimeouts; undefined when the program gave none. */
  timeout?: number;
}

/** One resource type. All hooks see plain values; `configure` made `Client`. */
export interface ResourceHandler<Client> {
  /** Inputs that are secret also when the program forgot to say so. */
  readonly secretInputs?: readonly string[];
  /** Outputs that are secret whatever the inputs were. */
  readonly secretOutputs?: readonly string[];
  check(
    op: Operation,
    news: Inputs,
    olds: Inputs | undefined,
    client: Client,
  ): Promise<{ inputs: Inputs; failures: CheckFailure[] }>;
  /** `olds` are outputs, `oldInputs` the inputs of the last operation. Must treat an unknown as a change. */
  diff(op: Operation, id: string, olds: Inputs, oldInputs: Inputs, news: Inputs, client: Client): Promise<DiffAnswer>;
  /** With preview nothing may change; answer the outputs that are known, UNKNOWN for the rest; the id is dropped. */
  create(op: Operation, news: Inputs, preview: boolean, client: Client): Promise<{ id: string; outputs: Inputs }>;
  /** `undefined` = gone. For an import `inputs` and `outputs` are empty. */
  read(
    op: Operation,
    id: string,
    outputs: Inputs,
    inputs: Inputs,
    client: Client,
  ): Promise<{ id: string; outputs: Inputs; inputs: Inputs } | undefined>;
  update(
    op: Operation,
    id: string,
    olds: Inputs,
    oldInputs: Inputs,
    news: Inputs,
    preview: boolean,
    client: Client,
  ): Promise<{ outputs: Inputs }>;
  delete(op: Operation, id: string, olds: Inputs, oldInputs: Inputs, client: Client): Promise<void>;
}

export type FunctionHandler<Client> = (
  args: Inputs,
  client: Client,
) => Promise<{ result: Inputs; failures?: CheckFailure[] }>;

export interface ProviderDefinition<Client> {
  name: string;
  version: string;
  /** Provider arguments that are always secret in state, also when the program forgot to say so. */
  secretConfig?: readonly string[];
  /** Values may be unknown at preview. */
  checkConfig?(news: Inputs): CheckFailure[];
  /** Property names whose change replaces the provider (and so its resources); others never do. */
  replaceConfig?: readonly string[];
  /** Called once, with known values only: the engine skips a provider whose arguments are unknown at preview. */
  configure(config: Inputs): Promise<Client> | Client;
  /** By type token, `mesh:index:HostKey`. */
  resources: Record<string, ResourceHandler<Client>>;
  /** Types that a program may expect here and that this provider refuses: the reason and the way out, by token. */
  refused?: Record<string, string>;
  functions?: Record<string, FunctionHandler<Client>>;
  /** JSON schema text of the package, for GetSchema. */
  schema?: string;
}

/**
 * Thrown by create or update after something exists that must be recorded: the engine keeps the id and the
 * outputs, shows the reasons, and the next `up` comes back as an update.
 */
export class PartialFailure extends Error {
  readonly id: string;
  readonly outputs: Inputs;
  readonly reasons: string[];
  constructor(id: string, outputs: Inputs, reasons: string[]) {
    super(reasons.join('; '));
    this.name = 'PartialFailure';
    this.id = id;
    this.outputs = outputs;
    this.reasons = reasons;
  }
}

/** A failure of the world that is told to the user without a stack trace. Any other throw is a bug and keeps its stack. */
export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UserError';
  }
}
