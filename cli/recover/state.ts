import { z } from 'zod';

const record = z.record(z.string(), z.unknown());
const resource = z
  .object({
    urn: z.string(),
    type: z.string(),
    custom: z.boolean().optional(),
    id: z.string().optional(),
    inputs: record.optional(),
    outputs: record.optional(),
    parent: z.string().optional(),
    /** The engine refuses to delete it. */
    protect: z.boolean().optional(),
    provider: z.string().optional(),
    dependencies: z.array(z.string()).nullish(),
    propertyDependencies: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
    /** Replaced already; to be deleted by the next run. */
    delete: z.boolean().optional(),
    /** Deleted already; its successor was never recorded. */
    pendingReplacement: z.boolean().optional(),
  })
  .loose();
export type Resource = z.output<typeof resource>;

const operation = z.object({ resource, type: z.string() }).loose();
export type Operation = z.output<typeof operation>;

const exported = z
  .object({
    deployment: z
      .object({ resources: z.array(resource).nullish(), pending_operations: z.array(operation).nullish() })
      .loose(),
  })
  .loose();

/** The engine's own record of a stack (`pulumi stack export`); whatever of it we do not know is kept as it is. */
export type State = z.output<typeof exported>;

export const parseState = (text: string): State => exported.parse(JSON.parse(text));
export const resourcesOf = (state: State): Resource[] => state.deployment.resources ?? [];
export const operationsOf = (state: State): Operation[] => state.deployment.pending_operations ?? [];

/** The record that an URN means: not one that waits for its deletion. */
export const liveResource = (state: State, urn: string): Resource | undefined =>
  resourcesOf(state).find((one) => one.urn === urn && one.delete !== true);

/** Something that a cloud has and the state is to have. */
export interface Adoption {
  /** As the engine was about to record it, or as a preview would. */
  resource: Resource;
  /** Absent on components, which are records and nothing else. */
  id?: string;
  /** What a read needs besides the id. */
  outputs?: Record<string, unknown>;
}

/**
 * The state with these resources in it and without pending operations: what they were about stands in `resources` by then.
 * Outputs are the inputs, as the engine itself records a create that failed half way; a refresh brings the rest.
 */
export function withAdopted(state: State, adoptions: readonly Adoption[]): State {
  let resources = resourcesOf(state);
  for (const { resource: made, id, outputs } of adoptions) {
    const known = new Set(resources.map(({ urn }) => urn));
    const inputs = withoutDefaults(made.inputs ?? {});
    const recorded: Resource = {
      ...withoutMissing(made, known),
      custom: id !== undefined,
      ...(id !== undefined && { id, outputs: { ...inputs, ...outputs, id } }),
    };
    const before = resources.findIndex((one) => one.urn === made.urn && one.delete !== true);
    if (before === -1) resources = [...resources, recorded];
    // Deleted before its successor was made: the successor takes its place.
    else if (resources[before]?.pendingReplacement === true) resources = resources.with(before, recorded);
    // Replaced by one that was made first: the old one waits for its deletion, behind the new one as the engine has it.
    else
      resources = [
        ...resources.slice(0, before),
        recorded,
        ...resources.slice(before).map((one, index) => (index === 0 ? { ...one, delete: true } : one)),
      ];
  }
  return { ...state, deployment: { ...state.deployment, resources, pending_operations: [] } };
}

/** The state without records of objects that were to be deleted and are gone. */
export function withoutDeleted(state: State, gone: readonly Resource[]): State {
  const resources = resourcesOf(state).filter((one) => !gone.includes(one));
  return { ...state, deployment: { ...state.deployment, resources } };
}

/** A dependency that is not recorded yet would make the engine refuse the state; the next up records it again. */
function withoutMissing(made: Resource, known: ReadonlySet<string>): Resource {
  const kept = (urns: string[] | null | undefined): string[] => (urns ?? []).filter((urn) => known.has(urn));
  const byProperty = Object.entries(made.propertyDependencies ?? {}).map(([name, urns]) => [name, kept(urns)] as const);
  return { ...made, dependencies: kept(made.dependencies), propertyDependencies: Object.fromEntries(byProperty) };
}

const withoutDefaults = (inputs: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== '__defaults'));
