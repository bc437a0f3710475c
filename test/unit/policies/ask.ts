// Guardrails as the SDK asks them, without its server: the same arguments, unknown values behind the SDK's own proxy.
import * as sdk from '@pulumi/policy';
import type {
  Policies,
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from '@pulumi/policy';
import { isUnknown } from '../../../policies/unknown.ts';

/** The SDK has it, and leaves its type out. */
const { unknownCheckingProxy } = sdk as unknown as { unknownCheckingProxy: <T>(props: T) => T };

/** What stands for a value that is not known at preview (sdk/nodejs/runtime/rpc). */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

export interface Asked {
  type: string;
  props: Record<string, unknown>;
  name?: string;
  protect?: boolean;
  /** Name of its provider. */
  provider?: string;
  /** Parents from the outside in, as types and names of components: `site-mesh:hetzner:Site eu-fra`. */
  under?: readonly string[];
  /** For guardrails on stacks: which resources a property's value comes from, by name. */
  from?: Record<string, string[]>;
}

export interface About {
  stack?: string;
  config?: object;
  stackTags?: Record<string, string>;
}

export interface Verdict {
  refused: string[];
  /** What could not be judged because it is not known yet: an advisory, which stops nothing. */
  unknown?: string;
}

const urnOf = (type: string, name: string, stack: string): string => `urn:pulumi:${stack}::site-mesh::${type}::${name}`;

function resourceOf(
  { type, props, name = 'it', protect = false }: Asked,
  { stack = 'prod', config = {}, stackTags = {} }: About,
) {
  return {
    type,
    name,
    urn: urnOf(type, name, stack),
    props: unknownCheckingProxy(props),
    opts: {
      protect,
      ignoreChanges: [],
      aliases: [],
      additionalSecretOutputs: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    },
    stackTags: new Map(Object.entries(stackTags)),
    isType: () => false,
    asType: () => undefined,
    getConfig: configIs(config),
    notApplicable: (): never => {
      throw new Error('not applicable');
    },
  } satisfies ResourceValidationArgs;
}

async function verdict(run: (report: (message: string) => void) => void | Promise<void>): Promise<Verdict> {
  const refused: string[] = [];
  try {
    await run((message) => refused.push(message));
    return { refused };
  } catch (error) {
    if (!isUnknown(error)) throw error;
    return { refused, unknown: error.message };
  }
}

/** Asks a guardrail about one resource. */
export function ask(policy: ResourceValidationPolicy, asked: Asked, about: About = {}): Promise<Verdict> {
  const { validateResource } = policy;
  if (typeof validateResource !== 'function') throw new Error(`${policy.name} judges no single resource`);
  return verdict((report) => validateResource(resourceOf(asked, about), report));
}

/** Asks a guardrail about a whole stack. */
export function askStack(policy: StackValidationPolicy, stack: readonly Asked[], about: About = {}): Promise<Verdict> {
  const made = stack.map((asked): PolicyResource => {
    let parent: PolicyResource | undefined;
    for (const one of asked.under ?? []) {
      const [type = '', name = ''] = one.split(' ');
      parent = { ...bare({ type, name, props: {} }, about), ...(parent && { parent }) };
    }
    return { ...bare(asked, about), ...(parent && { parent }) };
  });
  for (const [index, { from = {} }] of stack.entries())
    for (const [property, names] of Object.entries(from)) {
      const own = made[index];
      if (own !== undefined) own.propertyDependencies[property] = made.filter(({ name }) => names.includes(name));
    }
  const { config = {}, stackTags = {} } = about;
  return verdict((report) =>
    policy.validateStack(
      {
        resources: made,
        getConfig: configIs(config),
        stackTags: new Map(Object.entries(stackTags)),
        notApplicable: (): never => {
          throw new Error('not applicable');
        },
      },
      report,
    ),
  );
}

function bare(asked: Asked, about: About): PolicyResource {
  const { type, name, urn, props, opts, isType, asType } = resourceOf(asked, about);
  const { provider: called } = asked;
  const provider =
    called === undefined ? undefined : { type: 'pulumi:providers:x', name: called, urn: called, props: {} };
  const made = { type, name, urn, props, opts, isType, asType, dependencies: [], propertyDependencies: {} };
  return provider === undefined ? made : { ...made, provider };
}

const configIs = (config: object): ResourceValidationArgs['getConfig'] =>
  (() => config) as ResourceValidationArgs['getConfig'];

export const isStackPolicy = (policy: Policies[number]): policy is StackValidationPolicy => 'validateStack' in policy;
