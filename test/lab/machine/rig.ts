import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connect, type Session } from '../../../io/ssh/connect.ts';
import { mayPass } from '../../../io/ssh/errors.ts';
import { newKeyPair } from '../../../lab/api/key-pair.ts';
import { obtainBase } from '../../../lab/machines/image/base.ts';
import { enterArguments } from '../../../lab/machines/machine/enter.ts';
import { createMachines } from '../../../lab/machines/machine/index.ts';
import type { Machine } from '../../../lab/machines/types.ts';
import { generateKey, publicLine } from '../../../lab/sshd/keys.ts';
import { labAuthority } from '../../../lab/tls.ts';
import { userData } from '../../../mesh/host/user-data.ts';

const exec = promisify(execFile);
const DIAL = join(import.meta.dirname, 'dial.py');
const GATEWAY = '172.31.1.1';
export const LAN = '10.77.10.2';
export const LAN_PREFIX = '10.77.10.0/24';

/** What an ssh login needs. */
export interface Way {
  user: string;
  privateKey: string;
  hostKey: string;
  /** Default 22. */
  port?: number;
}

/** A cloud's server with the program's own user_data, and how to log in. */
export function cloudMachine(id: string, more: Partial<Machine> = {}): { machine: Machine; way: Way } {
  const [login, ecdsa] = [newKeyPair('login'), generateKey('ecdsa')];
  const hostKey = publicLine(ecdsa) ?? '';
  const machine: Machine = {
    ...{ id, name: `name-of-${id}`, tenant: 'test', cloud: 'hetzner', image: 'debian-12', running: true, boot: 1 },
    userData: userData({
      fqdn: `name-of-${id}.mesh.example`,
      user: 'ops',
      authorizedKeys: [login.publicKey],
      hostKey: { privateKey: ecdsa, publicKey: hostKey },
    }),
    authorizedKeys: [],
    ...more,
  };
  return { machine, way: { user: 'ops', privateKey: login.privateKey, hostKey } };
}

/**
 * Machines in network namespaces of a test's own: each has a public side and a LAN (the first: 10.77.10.2/24, gateway .1), whose
 * other ends are in one more namespace, which logins come from.
 */
export class Rig {
  readonly lab = `mt${randomBytes(3).toString('hex')}`;
  readonly dir: string;
  /** What `onExit` was told. */
  readonly exits: string[] = [];
  readonly machines: ReturnType<typeof createMachines>;
  readonly #outside = `${this.lab}-out`;
  readonly #numbers = new Map<string, number>();
  readonly #servers: Server[] = [];
  readonly caPem: string;
  #count = 0;

  constructor(dir: string, caPem: string) {
    this.dir = dir;
    this.caPem = caPem;
    this.machines = this.another();
  }

  static async create(): Promise<Rig> {
    const dir = mkdtempSync(join(tmpdir(), 'mesh-machines-'));
    const rig = new Rig(dir, (await labAuthority(dir)).caPem);
    await rig.#ip('netns', 'add', rig.#outside);
    await rig.#ip('-n', rig.#outside, 'link', 'set', 'lo', 'up');
    return rig;
  }

  /** The machines of this lab, as another process would have them. */
  another(): ReturnType<typeof createMachines> {
    const onExit = (id: string, how: string): void => {
      this.exits.push(`${id} ${how}`);
    };
    return createMachines({ lab: this.lab, dir: this.dir, base: obtainBase, caPem: this.caPem, onExit });
  }

  async boot(machine: Machine): Promise<void> {
    await this.machines.boot(machine, await this.namespace(machine.id));
  }

  /** Boots and waits until somebody can log in. */
  async up(machine: Machine, way: Way): Promise<void> {
    await this.boot(machine);
    const session = await this.login(machine.id, way);
    session.close();
  }

  /** One login; waits ten seconds for sshd. */
  async login(id: string, way: Way): Promise<Session> {
    const port = await this.#forward(this.#address(id), way.port ?? 22);
    const options = { name: id, timeoutSeconds: 5, signal: new AbortController().signal };
    for (const deadline = Date.now() + 10_000; ;)
      try {
        return await connect({ ...way, host: '127.0.0.1', port }, options);
      } catch (error) {
        if (!mayPass(error) || Date.now() > deadline) throw error;
        await sleep(20);
      }
  }

  /** As root, without ssh. */
  async inside(id: string, ...command: string[]): Promise<string> {
    const [program = '', ...args] = enterArguments(this.machines.pid(id) ?? 0, command);
    return (await exec(program, args, { timeout: 60_000, maxBuffer: 1 << 24 })).stdout;
  }

  shell(id: string, script: string): Promise<string> {
    return this.inside(id, 'sh', '-euc', script);
  }

  /** Made at the first call. */
  async namespace(id: string): Promise<string> {
    const name = `${this.lab}-${id}`;
    if (!this.#numbers.has(id)) {
      this.#count += 1;
      const number = this.#count;
      this.#numbers.set(id, number);
      await this.#ip('netns', 'add', name);
      await this.#ip('-n', name, 'link', 'set', 'lo', 'up');
      await this.#cable(name, 'eth0', `w${number}`, { own: `${this.#address(id)}/32`, other: GATEWAY });
      await this.#ip('-n', name, 'route', 'add', GATEWAY, 'dev', 'eth0');
      await this.#ip('-n', name, 'route', 'add', 'default', 'via', GATEWAY);
      await this.#cable(name, 'ens10', `l${number}`, { own: `10.77.10.${number + 1}/24`, other: '10.77.10.1' });
    }
    return `/run/netns/${name}`;
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.close();
    await this.machines.removeAll();
    for (const name of [this.#outside, ...[...this.#numbers.keys()].map((id) => `${this.lab}-${id}`)])
      await this.#ip('netns', 'del', name);
    rmSync(this.dir, { recursive: true, force: true });
  }

  #address(id: string): string {
    return `203.0.113.${this.#numbers.get(id) ?? 0}`;
  }

  async #cable(inside: string, nic: string, end: string, at: { own: string; other: string }): Promise<void> {
    const outside = this.#outside;
    await this.#ip('link', 'add', nic, 'netns', inside, 'type', 'veth', 'peer', 'name', end, 'netns', outside);
    await this.#ip('-n', inside, 'addr', 'add', at.own, 'dev', nic);
    await this.#ip('-n', outside, 'addr', 'add', `${at.other}/32`, 'dev', end);
    await this.#ip('-n', inside, 'link', 'set', nic, 'up');
    await this.#ip('-n', outside, 'link', 'set', end, 'up');
    await this.#ip('-n', outside, 'route', 'add', at.own.replace(/\/.*/, ''), 'dev', end);
  }

  /** A port of loopback that leads there. */
  async #forward(address: string, port: number): Promise<number> {
    const server = createServer((socket) => {
      const dial = ['python3', DIAL, address, String(port)];
      const child = spawn('ip', ['netns', 'exec', this.#outside, ...dial], { stdio: ['pipe', 'pipe', 'ignore'] });
      for (const stream of [socket, child.stdin, child.stdout]) stream.on('error', () => undefined);
      socket.pipe(child.stdin);
      child.stdout.pipe(socket);
      child.once('close', () => socket.destroy());
      socket.once('close', () => child.kill());
    });
    this.#servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  }

  async #ip(...words: string[]): Promise<void> {
    await exec('ip', words);
  }
}
