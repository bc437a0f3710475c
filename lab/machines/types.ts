import type { Socket } from 'node:net';

/**
 * The world of the `machines` compute: what the clouds' records say, as machines and networks. `world.ts` makes it from the
 * API's state, `net/` makes namespaces of it, `machine/` boots what runs in them. Plain data throughout; all of it may be
 * handed in again and again, and whoever receives it makes the difference true.
 */

/** All that a lab has, now. */
export interface World {
  /** Prefix of every name that the kernel sees (`mesh1a2b3c`): tells this lab's namespaces from another's. At most 10 characters. */
  lab: string;
  machines: Machine[];
  networks: CloudNetwork[];
  /** Between two sites, in either order; no entry: no delay, no loss. */
  links: Link[];
  /** NICs that are cut off, as if the cable were pulled. */
  cuts: { machine: string; nic: 'lan' | 'wan' }[];
  /** What the lab itself offers on the internet, beside headscale: an address there → a port of loopback here. */
  published: Published[];
  /** Taken away by tests only: shows that it is this restriction that a proof leans on. */
  lifted: Restriction[];
}

export type Restriction =
  /** Hetzner: hosts of a network are no neighbours; everything goes through the gateway. */
  | 'hetzner-arp'
  /** Hetzner: the gateway drops what comes from an address that is neither the sender's, its alias, nor behind a route to it. */
  | 'hetzner-sources'
  /** DigitalOcean: frames for or from an address that is not the droplet's are dropped. */
  | 'digitalocean-addresses'
  /** Firewalls of all clouds. */
  | 'firewalls';

export interface Machine {
  /** `hetzner-1017`: of the server; a replaced one is another machine. */
  id: string;
  name: string;
  /** Account that it belongs to: `STACK` or `STACK/ACCOUNT`; empty for existing machines. */
  tenant: string;
  cloud: 'hetzner' | 'digitalocean' | 'existing';
  /** Undefined: its records do not say; it has no links then. */
  site?: string;
  /** Key of a base image: `debian-12`, `debian-13`. */
  image: string;
  running: boolean;
  /** Changes with each boot that the cloud ordered (power on, reboot, reset). */
  boot: number;
  /** cloud-config; carried out once in the life of a machine. Empty on existing machines. */
  userData: string;
  /** OpenSSH public keys for root (clouds) or for `existing.user`. */
  authorizedKeys: string[];
  /** Undefined: no public network (a plain host of somebody's LAN); it is reached by `mesh lab exec` only. */
  wan?: WanNic;
  /** Undefined: not attached (yet). NICs come and go while it runs. */
  lan?: LanNic;
  /** Of the cloud; undefined: no firewall, all may pass. Replies always pass. */
  firewall?: {
    inbound: FirewallRule[];
    outbound: FirewallRule[];
    /** Does it also guard the LAN? (DigitalOcean) */ lan: boolean;
  };
  existing?: { port: number; user: string; /** OpenSSH private key, ed25519. */ hostKey: string };
}

export interface WanNic {
  /** Name inside the machine: eth0, ens3. */
  name: string;
  /** IPv4, /32 with an on-link gateway 172.31.1.1, whatever the cloud. */
  address: string;
  /** Further public addresses that lead here (reserved addresses). */
  also: string[];
  mtu: number;
}

export interface LanNic {
  name: string;
  network: string;
  mtu: number;
  mac: string;
  address: string;
  /** Hetzner: alias addresses that the gateway delivers here. */
  aliases: string[];
  /** IPv6 on the LAN, layer 2 only. */
  address6?: string;
  /** Static routes that whoever owns the machine gave it (IPv4 and IPv6): of plain hosts of a layer-2 LAN, to the VIP. */
  routes: { destination: string; via: string }[];
}

export interface CloudNetwork {
  id: string;
  /**
   * `hetzner`: layer 3, a /32 per host, gateway = first address of `range`, forwards by `routes` to a server's address or alias.
   * `vpc`: a switch that knows every droplet's one address. `layer2`: a switch; `gateway` undefined = none answers there.
   */
  kind: 'hetzner' | 'vpc' | 'layer2';
  range: string;
  range6?: string;
  gateway?: string;
  routes: { destination: string; gateway: string }[];
}

export interface FirewallRule {
  protocol: 'tcp' | 'udp' | 'icmp' | 'esp' | 'gre';
  /** Inclusive; undefined: all. */
  ports?: [from: number, to: number];
  /** Prefixes of the other side, IPv4 or IPv6. */
  peers: string[];
}

export interface Link {
  between: [site: string, site: string];
  /** Added to each direction's travel, ms: half of the RTT that it adds. */
  delay: number;
  /** Uniform, plus or minus, ms. */
  jitter: number;
  /** 0 to 1, each direction. */
  loss: number;
  /** All UDP between the two is dropped: nodes must use a relay. */
  blockUdp: boolean;
  /** Nothing passes at all. */
  down: boolean;
  /** ICMP errors ("fragmentation needed", "packet too big") are lost, as with careless firewalls. */
  noIcmpErrors: boolean;
  /** Largest packet that passes between the two, bytes; larger ones with DF are dropped with an ICMP error, others fragmented. */
  mtu?: number;
}

export interface Published {
  /** Of 198.18.0.0/24, in the lab's internet. */
  address: string;
  port: number;
  /** Where it really listens: 127.0.0.1 in the namespace that the lab runs in. */
  loopbackPort: number;
}

/** Addresses in the lab's internet, of the range for benchmarks (RFC 2544): clouds and owners of machines hand out the TEST-NETs. */
export const INTERNET = {
  /** Where connections of the jump host come from. */
  jump: '198.18.0.1',
  /** The clouds' APIs, plain HTTP on port 80. */
  api: '198.18.0.2',
  /** The signed package repository, HTTPS on port 443. */
  packages: '198.18.0.3',
  /** First of the control servers (headscale), one address for each tailnet, HTTPS on 443 and STUN on 3478/udp. */
  control: '198.18.0.16',
} as const;

/** Address of a tailnet's control server. A lab's list of tailnets only grows, so that each keeps its own. */
export function controlAddress(tailnets: readonly { tailnet: string }[], tailnet: string): string {
  const [first = '', last = 0] = /^(.*\.)(\d+)$/.exec(INTERNET.control)?.slice(1) ?? [];
  const names = tailnetNames(tailnets);
  return `${first}${Number(last) + names.indexOf(tailnet)}`;
}

/** Each once, in the order in which they joined the lab. */
export const tailnetNames = (tailnets: readonly { tailnet: string }[]): string[] => [
  ...new Set(tailnets.map(({ tailnet }) => tailnet)),
];

/** What `net/` does. */
export interface Net {
  /** Makes namespaces, switches, gateways, filters and the NICs of machines as the world says; idempotent; one at a time. */
  converge(world: World): Promise<void>;
  /** Path of the machine's network namespace, once `converge` has made it. */
  namespace(machine: string): string;
  /**
   * Takes the machine off all networks at once, until it boots again. Before a machine is ended by force: the kernel says
   * goodbye to the other side of each connection of a process that is killed, and a power failure does not.
   */
  unplug(machine: string): Promise<void>;
  /** Path of the namespace of the lab's internet, where control servers run. */
  internet(): string;
  /** Opens a TCP connection from INTERNET.jump to an address of the lab's internet. Rejects with `ETIMEDOUT`, `ECONNREFUSED`, `EHOSTUNREACH`. */
  connect(address: string, port: number): Promise<Socket>;
  /** Ends helpers and takes every namespace of this lab away, also what a crashed run left. */
  remove(): Promise<void>;
}

/** What `machine/` does. */
export interface Machines {
  /** Boots it if it does not run: root from the base image at the first time, user_data carried out then. Resolves when init runs. */
  boot(machine: Machine, namespace: string): Promise<void>;
  /** `hard`: as if the plug were pulled; otherwise an orderly shutdown, at most 10 s. Resolves when it is gone. */
  powerOff(id: string, options: { hard: boolean }): Promise<void>;
  /** Off and its disk gone. */
  remove(id: string): Promise<void>;
  /** Ids of machines that have a disk, running or not. */
  known(): string[];
  /** Ids of machines whose init runs now. */
  running(): string[];
  /** Pid of init, in the namespace of the caller; undefined when it is off. */
  pid(id: string): number | undefined;
  /** Everything of this lab away: machines, mounts, disks; also what a crashed run left. */
  removeAll(): Promise<void>;
}
