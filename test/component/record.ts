import * as pulumi from '@pulumi/pulumi';

/** One RegisterResource call, as the engine would have got it. */
export interface Registration {
  urn: string;
  type: string;
  name: string;
  parent: string;
  custom: boolean;
  /** Secrets are `Secret`, unknowns `Unknown`. */
  inputs: Record<string, unknown>;
  dependencies: string[];
  /** By property: which resources its value came from. */
  propertyDependencies: Record<string, string[]>;
  provider: string;
  protect: boolean;
  deleteBeforeReplace: boolean;
  /** Another one replaces the resource. */
  replacementTrigger: unknown;
  ignoreChanges: string[];
  /** Names of the hooks before an update. */
  beforeUpdate: string[];
}

export interface Recording {
  resources: Registration[];
  /**
   * Outputs that components registered, by URN. The SDK registers none by itself for a component that forgot to: an
   * empty entry is that.
   */
  completed: Map<string, Record<string, unknown>>;
}

export class Secret {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}
class Unknown {
  readonly kind = 'unknown';
}

/** What a provider would answer: outputs by type. Absent ones are unknown in a preview. */
export type Answers = (type: string, name: string) => { id: string; state: Record<string, unknown> };

export interface RecordOptions {
  /** With `preview`, nothing is answered: every output of every resource is unknown. */
  preview?: boolean;
  stack?: string;
  config?: Record<string, string>;
  secretConfig?: string[];
}

interface Wire {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getDependenciesList(): string[];
  getPropertydependenciesMap(): { forEach(visit: (value: { getUrnsList(): string[] }, key: string) => void): void };
  getProvider(): string;
  getProtect(): boolean;
  getDeletebeforereplace(): boolean;
  getReplacementTrigger(): { toJavaScript(): unknown } | undefined;
  getIgnorechangesList(): string[];
  getHooks(): { getBeforeUpdateList(): string[] } | undefined;
}
interface Outputs {
  getUrn(): string;
  getOutputs(): { toJavaScript(): Record<string, unknown> } | undefined;
}
type Reply = (error: Error | null, answer?: { getUrn(): string }) => void;
interface Monitor {
  registerResource(request: Wire, reply: Reply): Promise<void>;
  registerResourceOutputs(request: Outputs, reply: Reply): void;
  /** The SDK's mock monitor has none. */
  registerResourceHook?(request: unknown, reply: (error: Error | null) => void): void;
}

/**
 * Runs a program against the SDK's mock monitor and records what it registers. Everything is drained before this
 * returns: late children are in, and nothing of one run reaches into the next.
 */
export async function record(
  program: () => unknown,
  answers: Answers,
  options: RecordOptions = {},
): Promise<Recording> {
  const { preview = false, stack = 'staging', config = {}, secretConfig = [] } = options;
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        if (preview) return { id: undefined, state: inputs as Record<string, unknown> };
        const { id, state } = answers(type, name);
        return { id, state: { ...(inputs as Record<string, unknown>), ...state } };
      },
      call: () => ({}),
    },
    'site-mesh',
    stack,
    preview,
  );
  pulumi.runtime.setAllConfig(config, secretConfig);
  const recording: Recording = { resources: [], completed: new Map() };
  const idle = listen(pulumi.runtime.getMonitor() as unknown as Monitor, recording);
  try {
    await program();
    await idle();
  } finally {
    await pulumi.runtime.disconnect();
  }
  return recording;
}

/**
 * The mock monitor hides parents and dependencies from mocks, so the requests themselves are read.
 * Answers a wait until nothing is under way: a child made inside an apply is requested some turns after its cause was
 * answered, and `disconnect` alone does not see it coming.
 */
function listen(monitor: Monitor, recording: Recording): () => Promise<void> {
  const register = monitor.registerResource.bind(monitor);
  const outputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResourceHook = (_request, reply) => reply(null);
  let pending = 0;
  let seen = 0;
  monitor.registerResource = (request, reply) => {
    pending += 1;
    seen += 1;
    return register(request, (error, answer) => {
      pending -= 1;
      if (answer) recording.resources.push(registration(request, answer.getUrn()));
      reply(error, answer);
    });
  };
  monitor.registerResourceOutputs = (request, reply) => {
    seen += 1;
    recording.completed.set(
      request.getUrn(),
      plain(request.getOutputs()?.toJavaScript() ?? {}) as Record<string, unknown>,
    );
    outputs(request, reply);
  };
  return async () => {
    for (let quiet = 0, last = -1; quiet < 20; quiet = pending === 0 && seen === last ? quiet + 1 : 0) {
      last = seen;
      await new Promise((turn) => setImmediate(turn));
    }
  };
}

function registration(request: Wire, urn: string): Registration {
  const propertyDependencies: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((value, key) => (propertyDependencies[key] = value.getUrnsList()));
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    custom: request.getCustom(),
    inputs: plain(request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>,
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    provider: request.getProvider(),
    protect: request.getProtect(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    replacementTrigger: request.getReplacementTrigger()?.toJavaScript(),
    ignoreChanges: request.getIgnorechangesList(),
    beforeUpdate: request.getHooks()?.getBeforeUpdateList() ?? [],
  };
}

// Markers of Pulumi's wire format (sdk/proto, "special signatures").
const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const UNKNOWNS = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

function plain(value: unknown): unknown {
  if (value === UNKNOWNS) return new Unknown();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ((value as Record<string, unknown>)[SIGNATURE] === SECRET)
    return new Secret(plain((value as { value?: unknown }).value));
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

/** Paths of inputs, and of outputs of components, where `needle` stands in the clear. */
export function leaks(recording: Recording, needle: string): string[] {
  const walk = (value: unknown, path: string): string[] => {
    if (value instanceof Secret || value instanceof Unknown) return [];
    if (typeof value === 'string') return value.includes(needle) ? [path] : [];
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, entry]) => walk(entry, `${path}.${key}`));
  };
  return [
    ...recording.resources.flatMap(({ type, name, inputs }) => walk(inputs, `${type} ${name}`)),
    ...[...recording.completed].flatMap(([urn, outputs]) => walk(outputs, `outputs of ${urn}`)),
  ];
}

/** All that a resource waits for, directly or through others; dependsOn and inputs alike. */
export function ancestors(recording: Recording, of: Registration): Set<string> {
  const found = new Set<string>();
  const visit = (urn: string): void => {
    if (found.has(urn)) return;
    found.add(urn);
    for (const next of recording.resources.find((one) => one.urn === urn)?.dependencies ?? []) visit(next);
  };
  for (const urn of of.dependencies) visit(urn);
  return found;
}

/** The one resource of this type and name; throws with the list of what there is. */
export function one(recording: Recording, type: string, name: string): Registration {
  const [found, ...others] = recording.resources.filter((each) => each.type === type && each.name === name);
  if (found && others.length === 0) return found;
  throw new Error(
    `${String(others.length + Number(found !== undefined))} of ${type} ${name} in: ${recording.resources.map((each) => `${each.type} ${each.name}`).join(', ')}`,
  );
}
