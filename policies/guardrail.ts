import type {
  PolicyConfigSchema,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  Severity,
  StackValidationArgs,
  StackValidationPolicy,
} from '@pulumi/policy';
import { allowed, EXCEPTIONS, type Exception } from './exceptions.ts';
import { Known } from './unknown.ts';

/** Something that a guardrail refuses. Never a value that could be secret: a guardrail sees secrets in plain. */
export interface Finding {
  /** Path of the property: `rules[2].sourceIps`. */
  path: string;
  /** What is wrong, with the class of the value: "opens tcp/22 to the world (IPv4)". */
  what: string;
  /** What an exception's `allows` has to name, where a guardrail refuses more than one thing: `udp/9993`. */
  kind?: string;
}

/** A finding of a guardrail that looks at the whole stack. */
export interface StackFinding extends Finding {
  resource: { name: string; urn: string };
}

interface Described {
  /** Its id in messages, in the config of the pack, and in docs/guardrails.md. */
  name: string;
  /** One sentence: what must be so. */
  description: string;
  severity: Severity;
  /** The way out, as one or two sentences. */
  remedy: string;
  /** Settings beside the exceptions. */
  settings?: PolicyConfigSchema['properties'];
}

/** A guardrail on the inputs of each resource of some types, before it is made or changed: by preview and by up. */
export function resourceGuardrail(
  described: Described & {
    types: readonly string[];
    judge: (resource: ResourceValidationArgs, known: Known) => Finding[];
  },
): ResourceValidationPolicy {
  const types = new Set(described.types);
  return {
    ...head(described),
    validateResource: (args, report) => {
      if (!types.has(args.type)) return;
      const exceptions = exceptionsOf(args);
      const known = new Known();
      const stack = stackOf(args.urn);
      for (const finding of described.judge(args, known))
        if (!allowed(exceptions, { stack, resource: args.name, kind: finding.kind }))
          report(sentence(finding, described.remedy));
      known.settle();
    },
  };
}

/**
 * A guardrail on all resources together, as they would be after the run. It comes at the end: preview is the gate, since an up
 * has made everything when it is asked.
 */
export function stackGuardrail(
  described: Described & { judge: (stack: StackValidationArgs, known: Known) => StackFinding[] },
): StackValidationPolicy {
  return {
    ...head(described),
    validateStack: (args, report) => {
      const exceptions = exceptionsOf(args);
      const known = new Known();
      for (const finding of described.judge(args, known)) {
        const { name: resource, urn } = finding.resource;
        if (!allowed(exceptions, { stack: stackOf(urn), resource, kind: finding.kind }))
          report(`${resource}: ${sentence(finding, described.remedy)}`, urn);
      }
      known.settle();
    },
  };
}

/** Name of the stack, from the URN of any of its resources: `urn:pulumi:STACK::PROJECT::TYPE::NAME`. */
export const stackOf = (urn: string): string => urn.split('::')[0]?.split(':')[2] ?? '';

/** Mandatory in every stack: a guardrail that gives way in staging is met for the first time in production. */
function head({ name, description, severity, remedy, settings }: Described) {
  return {
    name,
    description,
    severity,
    enforcementLevel: 'mandatory',
    remediationSteps: remedy,
    configSchema: { properties: { exceptions: EXCEPTIONS, ...settings } },
  } as const;
}

const sentence = ({ path, what, kind }: Finding, remedy: string): string =>
  `${path}: ${what}. ${remedy}${kind === undefined ? '' : ` (In an exception: "allows": "${kind}".)`}`;

function exceptionsOf({ getConfig }: Pick<ResourceValidationArgs, 'getConfig'>): readonly Exception[] {
  return getConfig<{ exceptions?: Exception[] }>().exceptions ?? [];
}
