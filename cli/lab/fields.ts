import { NAMESPACE, isRecord } from '../../mesh/config/stack-text.ts';

/**
 * A stack file read as it stands: the lab has to be ready for a stack before anything of it is planned. Whoever calls this has
 * had the config checked; what is malformed all the same is passed over.
 */
export type Fields = Record<string, unknown>;

export const fields = (value: unknown): Fields => (isRecord(value) ? value : {});
export const records = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isRecord) : []);
export const text = (...values: unknown[]): string | undefined =>
  values.find((value): value is string => typeof value === 'string' && value !== '');
export const portNumber = (...values: unknown[]): number =>
  values.find((value): value is number => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536) ?? 22;

/** Pulumi takes a key without a namespace for the project's own. */
export const section = (config: Fields, name: string): unknown => config[`${NAMESPACE}:${name}`] ?? config[name];
