import { expect } from 'vitest';
import { z } from 'zod';
import { connect } from '../../io/ssh/connect.ts';
import type { Bench } from './bench.ts';
import { mesh } from './cli.ts';
import { touched } from './events.ts';
import { mark, timeline } from './timeline.ts';

const hostOutput = z.object({
  name: z.string(),
  publicAddress: z.string(),
  lan: z.string(),
  tailnetAddresses: z.array(z.string()),
  hostKey: z.string(),
});
type HostOutput = z.output<typeof hostOutput>;

/** What an operator does with a stack, and how he looks at it. */
export class Operator {
  readonly #bench: Bench;
  #from = 0;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** From now on: what `happened` and `gaps` tell. */
  async mark(): Promise<void> {
    this.#from = await mark(this.#bench.dir);
  }

  /** What became of servers and nodes, as the clouds saw it. */
  async happened(): Promise<string[]> {
    return (await timeline(this.#bench.dir, this.#from)).map(({ event }) => event);
  }

  /** Moments at which no router of a pair carried its site's routes. */
  async gaps(pair: string): Promise<string[]> {
    const moments = await timeline(this.#bench.dir, this.#from);
    return moments.filter(({ carrying }) => !carrying.some((name) => name.startsWith(pair))).map(({ event }) => event);
  }

  /** An up that ends well; answers what it changed. */
  async up(...args: string[]): Promise<string[]> {
    const run = await this.#bench.up(...args);
    expect(run.code, run.text).toBe(0);
    return touched(run.events);
  }

  /** A command of pulumi that is refused; answers why. */
  async refused(...args: string[]): Promise<string> {
    const run = await this.#bench.pulumi(args);
    expect(run.code, run.text).not.toBe(0);
    return run.text;
  }

  /** `mesh unprotect` of the stack, in a shell whose pulumi is the lab's. */
  unprotect(...args: string[]): ReturnType<typeof mesh> {
    const { stack, lab } = this.#bench;
    const variables = Object.entries(lab.env).filter(([name]) => name.startsWith('PULUMI_'));
    return mesh(['unprotect', stack, ...args], { env: Object.fromEntries(variables) });
  }

  /** What the outputs say of a host. */
  async host(name: string): Promise<HostOutput> {
    const { hosts } = await this.#bench.outputs();
    const found = z
      .array(hostOutput)
      .parse(hosts)
      .find((one) => one.name === name);
    if (found === undefined) throw new Error(`no host ${name} in the outputs`);
    return found;
  }

  /** Its node id, as the tailnet says; undefined when it has no such device. */
  async device(hostname: string): Promise<string | undefined> {
    const shape = z.object({ devices: z.array(z.object({ nodeId: z.string(), hostname: z.string() })) });
    const { devices } = shape.parse(await this.#bench.tailscale('GET', '/tailnet/-/devices'));
    return devices.find((one) => one.hostname === hostname)?.nodeId;
  }

  /** Whether a key opens a host, now. */
  async opens(name: string, privateKey: string): Promise<boolean> {
    const { publicAddress, hostKey } = await this.host(name);
    const { host, jump } = this.#bench.config;
    const { port, user } = jump;
    const via = { host, port, user, hostKey: jump.hostKey.publicKey, privateKey: jump.clientKey.privateKey };
    try {
      const to = { host: publicAddress, user: 'ops', privateKey, hostKey, via };
      (await connect(to, { name, timeoutSeconds: 10, signal: AbortSignal.timeout(10_000) })).close();
      return true;
    } catch (error) {
      expect(String(error)).toMatch(/refused|auth/i);
      return false;
    }
  }
}
