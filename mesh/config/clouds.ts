import { firstHost } from './cidr.ts';

/**
 * What a cloud can do, as data: nothing else in the program asks "is this Hetzner?".
 * Source: Hetzner's documentation of networks (layer 3, gateway, reserved addresses, zones) and of locations.
 */
export interface Cloud {
  /** For people. */
  title: string;
  /** Location → network zone; a cloud network lives in one zone. */
  locations: Readonly<Record<string, string>>;
  /** `chosen`: we say which LAN address a host gets. */
  lanAddresses: 'chosen';
  /** Are hosts that are no routers tailnet members? Routers always are. */
  hostsAreMembers: boolean;
  /** How many subnet routers a site may have. */
  routers: { min: number; max: number };
  /** May LAN hosts open connections to other sites? When not, `why` says so to the author of a rule. */
  lanInitiates: { possible: false; why: string };
  /** Address of the LAN's gateway, given the range of the whole network and the site's prefix in it. */
  gateway(network: string, site: string): string;
  /** Longest and shortest prefix that the cloud takes for a site. */
  sitePrefixLength: { min: number; max: number };
  /** Ranges that the cloud keeps for itself inside private space. */
  reserved: readonly { prefix: string; what: string }[];
  defaults: { serverType: string; image: string };
}

const hetzner: Cloud = {
  title: 'Hetzner',
  locations: {
    fsn1: 'eu-central',
    nbg1: 'eu-central',
    hel1: 'eu-central',
    ash: 'us-east',
    hil: 'us-west',
    sin: 'ap-southeast',
  },
  lanAddresses: 'chosen',
  hostsAreMembers: false,
  routers: { min: 1, max: 2 },
  lanInitiates: {
    possible: false,
    why: 'the routers of a Hetzner site masquerade what they forward, and no agent holds a return path for its LAN hosts yet',
  },
  // Hetzner networks are layer 3: the gateway is the first address of the NETWORK's range, not of the subnet's,
  // and our networks span the supernet so that DHCP sends all of it to the gateway.
  gateway: (network) => firstHost(network),
  sitePrefixLength: { min: 8, max: 29 },
  reserved: [{ prefix: '172.31.1.1/32', what: "Hetzner's gateway on the public interface of every server" }],
  defaults: { serverType: 'cx23', image: 'debian-12' },
};

export const clouds = { hetzner } as const satisfies Record<string, Cloud>;
export type CloudName = keyof typeof clouds;
export const cloudNames = Object.keys(clouds) as CloudName[];

/** Ranges that no site may use, whatever its cloud. */
export const reservedRanges: readonly { prefix: string; what: string }[] = [
  { prefix: '100.64.0.0/10', what: 'the range from which Tailscale numbers its nodes' },
  { prefix: '169.254.0.0/16', what: 'link-local (cloud metadata lives there)' },
  { prefix: '127.0.0.0/8', what: 'loopback' },
  { prefix: '224.0.0.0/4', what: 'multicast' },
  ...Object.values(clouds).flatMap((cloud) => cloud.reserved),
];

/** RFC 1918; cloud networks take nothing else. */
export const privateRanges: readonly string[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];
