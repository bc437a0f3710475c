/**
 * How long the official plugin waits, in ms, all in one place. It sleeps before the first look, then looks after `least`,
 * twice that, and so on up to ten seconds: 10, 13, 19, 29 s for a droplet (measured).
 */
export interface Rhythm {
  /** Before the first look. */
  first: number;
  /** Between the first two looks at least. */
  least: number;
  /** How often the object may be missing from an answer. */
  missing: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export const RHYTHM = {
  /** Status, name, lock of a droplet, and that it is gone. */
  droplet: { first: 10 * SECOND, least: 3 * SECOND, missing: 120 },
  /** An action by its id: resize, backups, reserved addresses. */
  action: { first: 10 * SECOND, least: 3 * SECOND, missing: 60 },
  /** Events of a droplet that is about to get a reserved address. */
  events: { first: 3 * SECOND, least: 2 * SECOND, missing: 20 },
  /** A call that is made again while the service refuses it. */
  refused: { first: 0, least: SECOND / 2, missing: 20 },
} as const satisfies Record<string, Rhythm>;

/** The longest pause between two looks, and the one that doubling starts from. */
export const PAUSE = { most: 10 * SECOND, start: SECOND / 10 } as const;

export const TIMEOUT = {
  /** Of one wait while a droplet is created or changed. */
  droplet: 60 * MINUTE,
  /** Of the whole delete of a droplet. */
  dropletDelete: MINUTE,
  action: 60 * MINUTE,
  events: 2 * MINUTE,
  sshKey: 2 * MINUTE,
  vpcDelete: 2 * MINUTE,
  projectDelete: 3 * MINUTE,
} as const;

/**
 * Factor for all of these waits, from MESH_LAB_PACE: 0.01 makes seconds of minutes. For tests alone: a lab that is quicker
 * than the cloud would hide what a person waits for, so whatever else sets it gets the official rhythm.
 */
export function paceOf(environment: NodeJS.ProcessEnv): number {
  const pace = Number(environment.MESH_LAB_PACE ?? '1');
  return Number.isFinite(pace) && pace > 0 && pace <= 1 ? pace : 1;
}
