import { setTimeout as sleep } from 'node:timers/promises';
import type { Collection } from '../types.ts';
import type { Machine, Machines, Net, World } from './types.ts';

/** How often the records are looked at, ms. */
const LOOK_MS = 50;
/** Machines that boot at the same time: more would only wait for each other. */
const BOOTS = 3;
/** After a boot that failed, ms. */
const RETRY_MS = 5000;

export interface DriverDeps {
  /** The world as it should be now. */
  world: () => World;
  net: Net;
  machines: Machines;
  /** Machine → what was booted last; kept, so that a lab that starts again leaves running machines alone. */
  boots: Collection<number>;
  log: (entry: object) => void;
}

/** How a machine is doing. `failed`: it did not boot, and why. */
export interface MachineState {
  machine: Machine;
  state: 'running' | 'booting' | 'off' | 'failed';
  error?: string;
}

/**
 * Makes networks and machines follow the world. Networks first, then power: what is to be off goes off before networks change,
 * what is to run boots after.
 */
export class Driver {
  readonly #deps: DriverDeps;
  #seen = '';
  #world: World | undefined;
  #stopped = false;
  #anew = false;
  #retryAt = Infinity;
  #loop: Promise<void> | undefined;
  readonly #booting = new Map<string, { boot: number; done: Promise<void> }>();
  readonly #queue: Machine[] = [];
  readonly #failed = new Map<string, { boot: number; error: string }>();
  /** Reboots that a machine asked for itself, since this process began. */
  readonly #reboots = new Map<string, number>();
  /** Machines that switched themselves off, and the boot that ended so. */
  readonly #poweredOff = new Map<string, number>();

  constructor(deps: DriverDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends the watching; machines run on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    this.#queue.length = 0;
    await Promise.all([...this.#booting.values()].map(({ done }) => done));
  }

  /** All machines and their disks go; those that are still wanted are made anew. */
  forget(): void {
    this.#anew = true;
    this.#seen = '';
  }

  /** A machine's init ended by itself. */
  exited(id: string, how: 'reboot' | 'poweroff'): void {
    if (how === 'reboot') this.#reboots.set(id, (this.#reboots.get(id) ?? 0) + 1);
    else this.#poweredOff.set(id, this.#wanted().machines.find((machine) => machine.id === id)?.boot ?? 0);
    this.#deps.log({ time: new Date().toISOString(), event: `machine-${how}`, machine: id });
    this.#seen = '';
  }

  states(): MachineState[] {
    const running = new Set(this.#deps.machines.running());
    return (this.#world?.machines ?? []).map((machine): MachineState => {
      const failed = this.#failed.get(machine.id);
      if (this.#booting.has(machine.id)) return { machine, state: 'booting' };
      if (running.has(machine.id)) return { machine, state: 'running' };
      if (failed !== undefined && machine.running) return { machine, state: 'failed', error: failed.error };
      return { machine, state: machine.running ? 'booting' : 'off' };
    });
  }

  /** Resolves when all that was wanted at the call is true, or has failed. */
  async settled(): Promise<void> {
    const text = JSON.stringify(this.#wanted());
    while (!this.#stopped && (this.#anew || this.#seen !== text || this.#booting.size > 0 || this.#queue.length > 0)) {
      if (this.#seen !== text && JSON.stringify(this.#wanted()) !== text) return;
      await sleep(LOOK_MS);
    }
  }

  #wanted(): World {
    const world = this.#deps.world();
    return {
      ...world,
      machines: world.machines.map((machine) => {
        const boot = machine.boot + (this.#reboots.get(machine.id) ?? 0);
        return { ...machine, boot, running: machine.running && this.#poweredOff.get(machine.id) !== boot };
      }),
    };
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        const world = this.#wanted();
        const text = JSON.stringify(world);
        if (this.#anew || text !== this.#seen || Date.now() >= this.#retryAt) {
          this.#retryAt = Infinity;
          await this.#follow(world);
          this.#world = world;
          this.#seen = text;
        }
      } catch (error) {
        // Whatever it was, the world is tried again: nobody would notice a lab that gave up.
        this.#report('networks', error);
        this.#retryAt = Date.now() + RETRY_MS;
        await sleep(RETRY_MS / 10);
      }
      await sleep(LOOK_MS);
    }
  }

  async #follow(world: World): Promise<void> {
    const { machines, net, boots } = this.#deps;
    const wanted = new Map(world.machines.map((machine) => [machine.id, machine]));
    if (this.#anew) await Promise.all(machines.known().map((id) => this.#remove(id)));
    this.#anew = false;
    const ended: Promise<void>[] = [];
    for (const id of machines.known()) {
      const machine = wanted.get(id);
      const booting = this.#booting.get(id);
      if (machine?.running === true && (booting?.boot ?? boots.get(id)) === machine.boot) continue;
      if (machine === undefined) ended.push(this.#remove(id));
      // One that ended by itself may boot before anybody says so: with a new boot its namespace goes, and it must not stand in it.
      else if (booting !== undefined || machines.running().includes(id)) ended.push(this.#off(id));
    }
    await Promise.all(ended);
    await net.converge(world);
    const running = new Set(machines.running());
    for (const machine of world.machines)
      if (machine.running && !running.has(machine.id) && !this.#booting.has(machine.id)) this.#enqueue(machine);
    this.#next();
  }

  async #off(id: string): Promise<void> {
    await this.#booting.get(id)?.done;
    await this.#deps.net.unplug(id);
    await this.#deps.machines.powerOff(id, { hard: true });
  }

  async #remove(id: string): Promise<void> {
    await this.#booting.get(id)?.done;
    await this.#deps.net.unplug(id);
    await this.#deps.machines.remove(id);
    this.#deps.boots.delete(id);
    this.#failed.delete(id);
    this.#reboots.delete(id);
    this.#poweredOff.delete(id);
  }

  #enqueue(machine: Machine): void {
    const at = this.#queue.findIndex(({ id }) => id === machine.id);
    if (at >= 0) this.#queue[at] = machine;
    else this.#queue.push(machine);
  }

  #next(): void {
    while (this.#booting.size < BOOTS) {
      const machine = this.#queue.shift();
      if (machine === undefined) return;
      const done = this.#boot(machine).finally(() => {
        this.#booting.delete(machine.id);
        this.#next();
      });
      this.#booting.set(machine.id, { boot: machine.boot, done });
    }
  }

  async #boot(machine: Machine): Promise<void> {
    const { machines, net, boots, log } = this.#deps;
    const began = performance.now();
    try {
      await machines.boot(machine, net.namespace(machine.id));
      boots.put(machine.id, machine.boot);
      this.#failed.delete(machine.id);
      const ms = Math.round(performance.now() - began);
      log({ time: new Date().toISOString(), event: 'machine-up', machine: machine.name, id: machine.id, ms });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#failed.set(machine.id, { boot: machine.boot, error: text });
      this.#report(machine.name, error);
      this.#retryAt = Date.now() + RETRY_MS;
    }
  }

  #report(what: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#deps.log({ time: new Date().toISOString(), event: 'machine-error', what, error: text });
  }
}
