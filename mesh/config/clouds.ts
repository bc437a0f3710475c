import { firstHost } from './cidr.ts';

/**
 * What a cloud can do, as data: nothing else in the program asks "is this Hetzner?", but for the components that make its resources.
 * Sources: Hetzner's documentation of networks (layer 3, gateway, reserved addresses, zones) and of locations; DigitalOcean's of
 * VPC planning (sizes, reserved ranges), of droplet limits ("prevents using droplets as routers") and of regions; MTUs as measured by both.
 */
export interface Cloud {
  /** For people. */
  title: string;
  /** Does it sell the servers, or are the machines there already? */
  sells: boolean;
  /** Location → network zone; undefined where the site's machines stand wherever they stand. */
  locations?: Readonly<Record<string, string>>;
  /** LAN addresses: `chosen` by us, `assigned` by the cloud and so never in plan or policy, or `declared` by the owner of the machines. */
  lanAddresses: 'chosen' | 'assigned' | 'declared';
  /** What carries a LAN: its gateway (`layer3`), its own switch (`layer2`), or a router of somebody else's (`routed`). The first is the default. */
  lans: readonly [LanKind, ...LanKind[]];
  /** Are hosts that are no routers tailnet members, unless they say otherwise? Routers always are. */
  hostsAreMembers: boolean;
  /** How many subnet routers a site may have. */
  routers: { min: number; max: number };
  /** LANs on which routers may keep the source address of what they forward (SNAT off), and why not on the others. */
  keepsSources: { on: readonly LanKind[]; otherwise: string };
  /** LANs that may have IPv6 of our own (`cidr6`), and why not the others. */
  ipv6: { on: readonly LanKind[]; otherwise: string };
  /** Why LAN hosts cannot reach members (100.x) even where they reach other LANs; undefined where a route of theirs leads there. */
  membersBeyond?: string;
  /** Address of the LAN's gateway, given the range of the whole network and the site's prefix in it; undefined where it is declared or assigned. */
  gateway?: (network: string, site: string) => string;
  /** Longest and shortest prefix that the cloud takes for a site. */
  sitePrefixLength: { min: number; max: number };
  /** Does the cloud's network span the whole supernet, and not only the site's prefix? */
  spansSupernet: boolean;
  /** Ranges that the cloud keeps for itself inside private space. */
  reserved: readonly { prefix: string; what: string }[];
  /** Server types and images, where the cloud sells servers. */
  servers?: { type: RegExp; defaults: { serverType: string; image: string } };
  /** Largest packet, bytes; `lan` undefined where only the host knows. */
  mtu: { public: number; lan?: number };
  /** The credential of an account, where the cloud sells. */
  token?: CloudToken;
}

/** Where the token of a cloud's default account stands, and where its API may be said to be. */
export interface CloudToken {
  /** Of the stack's configuration, a secret. */
  key: string;
  /** Environment variable, for stacks that take their credentials from there. */
  variable: string;
  /** For people. */
  what: string;
  /** What it must be allowed to do, as its issuer names the scopes: what the official plugin calls. */
  scopes: string;
  /** Configuration key of the API's address; the lab sets it. */
  endpoint: string;
}

export type LanKind = 'layer3' | 'layer2' | 'routed' | 'vpc';

const hetzner: Cloud = {
  title: 'Hetzner',
  sells: true,
  locations: {
    fsn1: 'eu-central',
    nbg1: 'eu-central',
    hel1: 'eu-central',
    ash: 'us-east',
    hil: 'us-west',
    sin: 'ap-southeast',
  },
  lanAddresses: 'chosen',
  lans: ['layer3'],
  hostsAreMembers: false,
  routers: { min: 1, max: 2 },
  keepsSources: { on: ['layer3'], otherwise: '' },
  ipv6: { on: [], otherwise: "Hetzner's networks carry IPv4 only" },
  membersBeyond: "Hetzner's network routes take private prefixes only, and members have 100.x addresses",
  // Hetzner networks are layer 3: the gateway is the first address of the NETWORK's range, not of the subnet's,
  // and our networks span the supernet so that DHCP sends all of it to the gateway.
  gateway: (network) => firstHost(network),
  sitePrefixLength: { min: 8, max: 29 },
  spansSupernet: true,
  reserved: [{ prefix: '172.31.1.1/32', what: "Hetzner's gateway on the public interface of every server" }],
  servers: { type: /^[a-z]+\d+[a-z]*$/, defaults: { serverType: 'cx23', image: 'debian-12' } },
  mtu: { public: 1500, lan: 1450 },
  token: {
    key: 'hcloud:token',
    variable: 'HCLOUD_TOKEN',
    what: 'Hetzner Cloud token',
    scopes: 'read and write, of one project that holds nothing else',
    endpoint: 'hcloud:endpoint',
  },
};

const digitalocean: Cloud = {
  title: 'DigitalOcean',
  sells: true,
  locations: Object.fromEntries(
    ['ams3', 'atl1', 'blr1', 'fra1', 'lon1', 'nyc1', 'nyc2', 'nyc3', 'sfo2', 'sfo3', 'sgp1', 'syd1', 'tor1'].map(
      (region) => [region, region],
    ),
  ),
  lanAddresses: 'assigned',
  lans: ['vpc'],
  hostsAreMembers: true,
  routers: { min: 0, max: 2 },
  keepsSources: {
    on: [],
    otherwise:
      'DigitalOcean drops what a droplet sends from an address that is not its own, so its routers must masquerade',
  },
  ipv6: { on: [], otherwise: 'a VPC of DigitalOcean carries IPv4 only' },
  sitePrefixLength: { min: 16, max: 28 },
  spansSupernet: false,
  reserved: ['10.229.0.0/16', '10.244.0.0/16', '10.245.0.0/16', '10.246.0.0/24'].map((prefix) => ({
    prefix,
    what: 'which DigitalOcean keeps for itself',
  })),
  servers: {
    type: /^[a-z]+\d*(-[a-z0-9]+)+$/,
    defaults: { serverType: 's-1vcpu-1gb', image: 'debian-12-x64' },
  },
  mtu: { public: 1500, lan: 1500 },
  token: {
    key: 'digitalocean:token',
    variable: 'DIGITALOCEAN_TOKEN',
    what: 'DigitalOcean token',
    scopes:
      'custom scopes: create, read, update and delete of droplet, firewall, project, reserved_ip, ssh_key, tag, vpc; read of account, actions, image, regions, sizes',
    endpoint: 'digitalocean:apiEndpoint',
  },
};

const existing: Cloud = {
  title: 'existing hosts',
  sells: false,
  lanAddresses: 'declared',
  lans: ['layer2', 'routed'],
  hostsAreMembers: false,
  routers: { min: 0, max: 2 },
  keepsSources: {
    on: ['layer2'],
    otherwise: 'a routed LAN drops what comes from addresses that it did not give out, so its routers must masquerade',
  },
  ipv6: { on: ['layer2'], otherwise: 'a routed LAN has the IPv6 prefix that its router gives out, not one of ours' },
  sitePrefixLength: { min: 8, max: 30 },
  spansSupernet: false,
  reserved: [],
  mtu: { public: 1500 },
};

export const clouds = { hetzner, digitalocean, existing } as const satisfies Record<string, Cloud>;
export type CloudName = keyof typeof clouds;
export const cloudNames = Object.keys(clouds) as CloudName[];
/** Seen as a `Cloud`, so that what only some have can be asked of all. */
export const cloudOf = (name: CloudName): Cloud => clouds[name];

/** From which Tailscale numbers its nodes. */
export const TAILNET_RANGE = '100.64.0.0/10';

/** Ranges that no site may use, whatever its cloud. */
export const reservedRanges: readonly { prefix: string; what: string }[] = [
  { prefix: TAILNET_RANGE, what: 'the range from which Tailscale numbers its nodes' },
  { prefix: '169.254.0.0/16', what: 'link-local (cloud metadata lives there)' },
  { prefix: '127.0.0.0/8', what: 'loopback' },
  { prefix: '224.0.0.0/4', what: 'multicast' },
];

/** From which Tailscale gives its nodes IPv6 addresses. */
export const TAILNET_RANGE6 = 'fd7a:115c:a1e0::/48';

/** How the policy calls the IPv6 side of what has a name: `lan-eu-gra-v6`. A host may not be called so as well. */
export const IPV6_ALIAS = '-v6';

/** RFC 4193, of which only the locally assigned half is in use. */
export const UNIQUE_LOCAL = 'fd00::/8';

/** RFC 1918; cloud networks take nothing else. */
export const privateRanges: readonly string[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** The tunnel's largest packet, bytes (`safeTUNMTU` of tailscaled), and the TCP segment that fits: less 40 for IPv4, 60 for IPv6. */
export const TUNNEL = { mtu: 1280, mss: { ipv4: 1240, ipv6: 1220 } } as const;
