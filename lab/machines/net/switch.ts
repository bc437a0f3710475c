import type { LanNic, Machine } from '../types.ts';

/** The switch, or for Hetzner the gateway, in a network's namespace. */
export const BRIDGE = 'switch';

/** A machine's end of a network. */
export interface Port {
  /** Name of the port at the switch. */
  name: string;
  machine: Machine;
  lan: LanNic;
}

/** What a kind of network adds to a plain switch, as lines of nft's bridge family. */
export interface SwitchRules {
  arriving: string[];
  /** For the gateway. */
  input: string[];
  /** From port to port. */
  forward: string[];
}
