/** How the engine's JSON writes a value that it does not know yet. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** A resource that the program wants and the state does not have. */
export interface Wanted {
  urn: string;
  type: string;
  /** As the engine checked them. */
  inputs: Record<string, unknown>;
  /** Id of the resource of that type from which an input comes; undefined while nobody knows it. */
  idFrom(input: string, type: string): string | undefined;
  /** Ids of this type that belong to records already. */
  recorded: ReadonlySet<string>;
}

/** What a cloud holds of a wanted resource. */
export type Found =
  /** It is there and ours; `outputs` is what a read needs besides the id. */
  | { is: 'ours'; id: string; what: string; outputs?: Record<string, unknown> }
  | { is: 'absent' }
  /** Something is there in its place that is not ours: a create will fail, and nobody but a person may decide. */
  | { is: 'foreign'; what: string; way: string }
  /** `perhaps`: there may be nothing in it; only worth a person's time when a run was cut off. */
  | { is: 'ambiguous'; what: string; which: string[]; way: string; perhaps?: true }
  /** What it belongs to is not known yet. */
  | { is: 'unknown' };

/** How objects of one resource type are looked for at one cloud. */
export interface Finder<Cloud> {
  find(cloud: Cloud, wanted: Wanted): Promise<Found>;
  /** Whether the object of a recorded id is still there. */
  exists(cloud: Cloud, id: string, outputs: Record<string, unknown>): Promise<boolean>;
}

/** Two segments of a type token, for people: `hcloud:index/server:Server` → `hcloud Server`. */
function typeName(type: string): string {
  const [pkg = '', , last = ''] = type.split(':');
  return pkg === 'mesh' || pkg === 'pulumi' ? last : `${pkg} ${last}`;
}

export const nameOf = (urn: string): string => urn.split('::').at(-1) ?? urn;

/** `hcloud Server fra-edge-01`. */
export const titleOf = (urn: string, type: string): string => `${typeName(type)} ${nameOf(urn)}`;

/** An input as text: as the program gave it, else from where it comes. */
export function textFrom(wanted: Wanted, input: string, type?: string): string | undefined {
  const value = wanted.inputs[input];
  if ((typeof value === 'string' && value !== '' && value !== UNKNOWN) || typeof value === 'number')
    return String(value);
  return type === undefined ? undefined : wanted.idFrom(input, type);
}

/** Whether any part of a value is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasUnknown);
}
