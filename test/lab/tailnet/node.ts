import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, closeSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Member, Self } from '../../contract/tailnet/bench.ts';
import { MATCH, type Match } from '../../oracle/filter.ts';

const exec = promisify(execFile);

const STATUS = z.object({
  Self: z.object({
    ID: z.string().min(1),
    DNSName: z.string(),
    TailscaleIPs: z.array(z.string()).nullable(),
    Tags: z.array(z.string()).optional(),
    KeyExpiry: z.string().nullish(),
  }),
});
const PEERS = z.object({ Peer: z.record(z.string(), z.object({ HostName: z.string() })).nullish() });
const PREFS = z.object({ AdvertiseRoutes: z.array(z.string()).nullish() });

const FILTER = z.object({ PacketFilter: z.array(MATCH).nullable() });

export interface NodePlace {
  /** Of its own. */
  dir: string;
  /** Path of the network namespace that it lives in. */
  namespace: string;
  tailscaled: string;
  caPem: string;
}

/** A tailscaled in a network namespace, without a network card of its own. */
export class TailnetNode {
  readonly #place: NodePlace;
  #child: ChildProcess | undefined;

  constructor(place: NodePlace) {
    this.#place = place;
  }

  async start(): Promise<void> {
    const { dir, tailscaled, caPem } = this.#place;
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'ca.pem'), caPem);
    // By its name the program knows which of the two it is.
    symlinkSync(tailscaled, join(dir, 'tailscale'));
    const log = openSync(join(dir, 'tailscaled.log'), 'a');
    const args = ['--tun=userspace-networking', '--port=0', `--statedir=${dir}`, `--socket=${join(dir, 'sock')}`];
    this.#child = spawn('nsenter', [`--net=${this.#place.namespace}`, tailscaled, ...args, '--no-logs-no-support'], {
      stdio: ['ignore', log, log],
      env: { ...process.env, SSL_CERT_FILE: join(dir, 'ca.pem') },
    });
    closeSync(log);
    for (const deadline = Date.now() + 10_000; ;)
      try {
        await this.#say('debug', 'prefs');
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
  }

  /** Rejects with what tailscale says. */
  async up(loginServer: string, authKey: string, hostname: string, routes: string[]): Promise<Member> {
    const key = join(this.#place.dir, 'auth-key');
    writeFileSync(key, authKey, { mode: 0o600 });
    const flags = [
      `--login-server=${loginServer}`,
      `--auth-key=file:${key}`,
      `--hostname=${hostname}`,
      `--advertise-routes=${routes.join(',')}`,
      '--timeout=10s',
    ];
    await this.#say('up', ...flags);
    const { nodeId } = await this.self();
    return {
      nodeId,
      self: () => this.self(),
      peers: async () => {
        const { Peer } = PEERS.parse(JSON.parse(await this.#say('status', '--json')));
        return Object.values(Peer ?? {}).map(({ HostName }) => HostName);
      },
      offer: (wanted) => this.#say('set', `--advertise-routes=${wanted.join(',')}`).then(() => undefined),
      leave: () => this.#say('logout').then(() => undefined),
    };
  }

  async self(): Promise<Self> {
    const { Self: own } = STATUS.parse(JSON.parse(await this.#say('status', '--json')));
    const { AdvertiseRoutes: offers } = PREFS.parse(JSON.parse(await this.#say('debug', 'prefs')));
    return {
      nodeId: own.ID,
      name: own.DNSName.replace(/\.$/, ''),
      addresses: own.TailscaleIPs ?? [],
      tags: own.Tags ?? [],
      keyEnds: typeof own.KeyExpiry === 'string' ? Date.parse(own.KeyExpiry) : null,
      offers: offers ?? [],
    };
  }

  /** What it lets in, as the control server made it of the policy. */
  async filter(): Promise<Match[]> {
    return FILTER.parse(JSON.parse(await this.#say('debug', 'netmap'))).PacketFilter ?? [];
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async #say(...words: string[]): Promise<string> {
    const { dir } = this.#place;
    const said = await exec(join(dir, 'tailscale'), [`--socket=${join(dir, 'sock')}`, ...words], { timeout: 20_000 });
    return said.stdout;
  }
}
