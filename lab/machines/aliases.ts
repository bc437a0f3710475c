import type { Machine } from './types.ts';

/** How long a cloud takes until an alias address that moved arrives at its new holder, ms. Measured at Hetzner by others: 15 to 20 s. */
export const ALIAS_DELAY_MS = 5000;

interface Held {
  /** Machine that its packets go to; undefined: nobody. */
  now: string | undefined;
  next?: { holder: string | undefined; at: number };
}

/**
 * A move of an alias address is on record at once and true a while later: until then its packets go to the former holder.
 * Lives in memory; a lab that starts takes what is on record for true.
 */
export class AliasMoves {
  readonly #held = new Map<string, Held>();
  readonly #delayMs: number;
  #started = false;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** The machines with the aliases that are theirs in truth at `now` (ms). */
  settle(machines: readonly Machine[], now: number): Machine[] {
    const recorded = new Map<string, string>();
    for (const { id, lan } of machines)
      for (const alias of lan?.aliases ?? []) recorded.set(`${lan?.network ?? ''} ${alias}`, id);
    for (const key of new Set([...recorded.keys(), ...this.#held.keys()])) this.#move(key, recorded.get(key), now);
    this.#started = true;
    return machines.map((machine) => {
      const { lan } = machine;
      if (lan === undefined) return machine;
      const aliases = [...this.#held]
        .filter(([key, { now: holder }]) => holder === machine.id && key.startsWith(`${lan.network} `))
        .map(([key]) => key.slice(lan.network.length + 1))
        .sort();
      return { ...machine, lan: { ...lan, aliases } };
    });
  }

  #move(key: string, holder: string | undefined, now: number): void {
    const held = this.#held.get(key) ?? { now: this.#started ? undefined : holder };
    if (held.next === undefined ? held.now !== holder : held.next.holder !== holder)
      held.next = { holder, at: now + this.#delayMs };
    if (held.next !== undefined && now >= held.next.at) {
      held.now = held.next.holder;
      delete held.next;
    }
    if (held.now === undefined && held.next === undefined && holder === undefined) this.#held.delete(key);
    else this.#held.set(key, held);
  }
}
