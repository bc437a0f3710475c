/** What the rest of the program takes from the configuration. */
export { renderFaults, type Fault } from './fault.ts';
export { parseConfig } from './parse.ts';
export type { MeshConfig } from './schema.ts';
