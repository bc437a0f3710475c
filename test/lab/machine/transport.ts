import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { enterArguments } from '../../../lab/machines/machine/enter.ts';
import type { HostConnection, HostTransport } from '../../contract/host-protocol.ts';
import { buildStandIn, offerStandIns, type StandIn } from './stand-in-package.ts';
import { cloudMachine, LAN, LAN_PREFIX, Rig, type Way } from './rig.ts';

const TIMER = 'site-mesh-revert';
const OLD = '1.100.0';
const LINE_SECONDS = 120;
/** Of every machine: one follows the other, and each has the first's addresses. */
export const ID = 'host';

/** Real machines, over real ssh: a reset is another machine in the place of the last one. */
export class MachineTransport implements HostTransport {
  readonly login = 'ops';
  readonly tailnet = 'acme';
  readonly lan = LAN;
  readonly lanPrefix = LAN_PREFIX;
  readonly rig: Rig;
  readonly #image: string;
  #made: ReturnType<typeof cloudMachine> | undefined;
  #packages: Promise<StandIn[]> | undefined;

  static async create(image: string): Promise<MachineTransport> {
    return new MachineTransport(await Rig.create(), image);
  }

  constructor(rig: Rig, image: string) {
    this.rig = rig;
    this.#image = image;
  }

  async reset(): Promise<void> {
    await this.rig.machines.remove(ID);
    this.#made = cloudMachine(ID, { image: this.#image });
    await this.rig.up(this.#made.machine, this.#made.way);
    await offerStandIns(this.rig, ID, (await this.#builtPackages()).slice(1));
  }

  /** Waits until it is off, and boots it. */
  async again(): Promise<void> {
    while (this.rig.machines.pid(ID) !== undefined) await sleep(20);
    if (this.#made === undefined) throw new Error('there is no machine before the first reset');
    await this.rig.boot(this.#made.machine);
    await (await this.connect()).close();
  }

  async connect(): Promise<HostConnection> {
    const session = await this.rig.login(ID, { ...this.way, hostKey: await this.#hostKey() });
    const { signal } = new AbortController();
    return {
      exec: (line, stdin) =>
        session.exec(line, {
          ...(stdin !== undefined && { stdin: Buffer.from(stdin).toString() }),
          timeoutSeconds: LINE_SECONDS,
          signal,
        }),
      close: () => {
        session.close();
        return Promise.resolve();
      },
    };
  }

  mintKey(): Promise<string> {
    return Promise.reject(new Error('these machines are in no tailnet'));
  }

  /** Nobody waits that long: what the timer would start by then is started, as systemd starts it. */
  async pass(seconds: number): Promise<void> {
    const script = `systemctl is-active --quiet ${TIMER}.timer || exit 0
      next=$(busctl get-property org.freedesktop.systemd1 /org/freedesktop/systemd1/unit/${TIMER.replaceAll('-', '_2d')}_2etimer \
        org.freedesktop.systemd1.Timer NextElapseUSecMonotonic | cut -d' ' -f2)
      now=$(cut -d. -f1 /proc/uptime)
      [ $((next / 1000000 - now)) -le ${seconds} ] || exit 0
      systemctl start ${TIMER}.service`;
    await this.rig.shell(ID, script);
  }

  async whileBusy(during: () => Promise<void>): Promise<void> {
    const hold = 'mkdir -p /run/site-mesh; exec flock /run/site-mesh/lock sh -c "echo held; cat"';
    const [program = '', ...args] = enterArguments(this.rig.machines.pid(ID) ?? 0, ['sh', '-c', hold]);
    const holder = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(holder, 'exit');
    await once(holder.stdout, 'data');
    await during().finally(() => holder.stdin.end());
    await ended;
  }

  async readFile(path: string): Promise<string | undefined> {
    const text = await this.rig.inside(ID, 'sh', '-c', 'if [ -e "$0" ]; then echo .; cat "$0"; fi', path);
    return text === '' ? undefined : text.slice(2);
  }

  async writeFile(path: string, content: string): Promise<void> {
    await this.rig.inside(ID, 'sh', '-c', 'mkdir -p "${0%/*}"; printf %s "$1" > "$0"', path, content);
  }

  async foreign(names: string[]): Promise<void> {
    const unit = '[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n';
    if (names.includes('docker'))
      await this.rig.shell(
        ID,
        `printf '${unit}' > /etc/systemd/system/docker.service; systemctl enable -q --now docker.service`,
      );
    if (names.includes('ufw')) await this.writeFile('/etc/ufw/ufw.conf', 'ENABLED=yes\n');
    if (names.includes('tailscale')) {
      const packages = await this.#builtPackages();
      await offerStandIns(this.rig, ID, packages);
      await this.rig.shell(ID, `apt-get -q update; apt-get -q -y install tailscale=${OLD}`);
    }
  }

  close(): Promise<void> {
    return this.rig.close();
  }

  /** An older one, and that of the releases. */
  #builtPackages(): Promise<StandIn[]> {
    this.#packages ??= Promise.all([OLD, '1.102.3'].map((version) => buildStandIn(this.rig, ID, version)));
    return this.#packages;
  }

  get way(): Way {
    if (this.#made === undefined) throw new Error('there is no machine before the first reset');
    return this.#made.way;
  }

  /** What whoever deploys has recorded: the bootstrap key, until a release has retired it. */
  async #hostKey(): Promise<string> {
    return (await this.readFile('/etc/ssh/ssh_host_ecdsa_key')) === undefined
      ? ((await this.readFile('/etc/ssh/ssh_host_ed25519_key.pub')) ?? '')
      : this.way.hostKey;
  }
}
