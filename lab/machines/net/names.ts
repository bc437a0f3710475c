import { createHash } from 'node:crypto';

const NETNS = '/run/netns';

/** Where iproute2 keeps the namespace of that name. */
export const netnsPath = (name: string): string => `${NETNS}/${name}`;

/** All namespaces of a lab start so, and those of no other lab. */
export const netnsPrefix = (lab: string): string => `${lab}-`;

/** Beyond all clouds: the way in, control servers, links between sites. */
export const internetNetns = (lab: string): string => `${netnsPrefix(lab)}internet`;

/** The clouds' side of all public NICs: source checks, firewalls, reserved addresses. */
export const edgeNetns = (lab: string): string => `${netnsPrefix(lab)}edge`;

export const machineNetns = (lab: string, id: string): string => `${netnsPrefix(lab)}m-${fileName(id)}`;

export const networkNetns = (lab: string, id: string): string => `${netnsPrefix(lab)}n-${fileName(id)}`;

const hex = (text: string, length: number): string => createHash('sha256').update(text).digest('hex').slice(0, length);

const fileName = (id: string): string =>
  /^[\w.-]{1,100}$/.test(id) ? id : `${id.replaceAll(/[^\w.-]/g, '_').slice(0, 80)}_${hex(id, 8)}`;

/** Outer end of a machine's NIC. Interfaces have names of at most 15 bytes. */
export const portName = (id: string, nic: 'wan' | 'lan'): string => `${nic === 'wan' ? 'w' : 'l'}${hex(id, 12)}`;

/** A locally administered MAC, always the same for the same thing. */
export const macOf = (thing: string): string => `02:${(hex(thing, 10).match(/../g) ?? []).join(':')}`;

/** Conntrack zone of a machine: 1 to 65535. */
export const zoneOf = (id: string): number => 1 + (Number.parseInt(hex(id, 8), 16) % 65_535);
