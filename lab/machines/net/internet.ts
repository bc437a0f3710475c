import { INTERNET, type Link, type World } from '../types.ts';
import { coreMac, EDGE_ADDRESS, ROUTER_SYSCTLS, UPLINK } from './edge.ts';
import { BOX_DEVICE, nftSet, nftTable, type Namespace, type Setting } from './layout.ts';
import { internetNetns } from './names.ts';

/** All of it is here: the jump host, the clouds' API, packages, control servers. */
const LAB_RANGE = '198.18.0.0/24';

const TO_BOX = 100;

/** The lab's internet: what the lab itself offers, and the middle of all ways between machines. */
export function internet(world: World): Namespace {
  const { lab } = world;
  const between = diversions(world);
  return {
    name: internetNetns(lab),
    generation: '',
    sysctls: ROUTER_SYSCTLS,
    settings: [
      { key: 'lo', add: 'link set lo up' },
      { key: 'jump', add: `addr replace ${INTERNET.jump}/32 dev lo` },
      { key: 'lab', add: `route replace local ${LAB_RANGE} dev lo` },
      { key: 'edge up', add: `link set ${UPLINK} up`, device: UPLINK },
      {
        key: 'edge neighbour',
        add: `neigh replace ${EDGE_ADDRESS} lladdr ${coreMac(lab)} dev ${UPLINK} nud permanent`,
        device: UPLINK,
      },
      {
        key: 'default',
        add: `route replace default via ${EDGE_ADDRESS} dev ${UPLINK} onlink src ${INTERNET.jump}`,
        device: UPLINK,
      },
      ...(between.length > 0 ? boxSettings() : []),
    ],
    nft: nftTable('inet', [
      {
        name: 'links',
        hook: 'filter hook prerouting priority mangle',
        lines: between.map(
          ({ from, to }) => `iifname "${UPLINK}" ip saddr ${nftSet(from)} ip daddr ${nftSet(to)} meta mark set 1`,
        ),
      },
    ]),
  };
}

/** If the box is gone, so is its device and its route; what it should have carried is lost then and never passes unhurt. */
const boxSettings = (): Setting[] => [
  {
    key: 'no box',
    add: `route replace blackhole default table ${TO_BOX} metric 4000000000`,
    remove: `route flush table ${TO_BOX}`,
  },
  { key: 'box up', add: `link set ${BOX_DEVICE} up mtu 65535 txqueuelen 5000`, device: BOX_DEVICE },
  { key: 'box route', add: `route replace default dev ${BOX_DEVICE} table ${TO_BOX}`, device: BOX_DEVICE },
  { key: 'box rule', add: `rule add pref 10 fwmark 1 lookup ${TO_BOX}`, remove: 'rule del pref 10' },
];

/** What the box must know. */
export interface BoxSettings {
  /** Public address → its site, of all machines that have both. */
  sites: Record<string, string>;
  links: Link[];
}

export function boxWorld(world: World): BoxSettings {
  const sites = Object.fromEntries(
    world.machines.flatMap(({ site, wan }) =>
      site === undefined || wan === undefined ? [] : [wan.address, ...wan.also].map((address) => [address, site]),
    ),
  ) as Record<string, string>;
  return { sites, links: world.links.filter(changes) };
}

/** Does it do anything? */
const changes = ({ delay, jitter, loss, blockUdp, down, noIcmpErrors, mtu }: Link): boolean =>
  delay > 0 || jitter > 0 || loss > 0 || blockUdp || down || noIcmpErrors || mtu !== undefined;

/** Addresses of a site → those of all sites that it has such a link with. */
function diversions(world: World): { from: string[]; to: string[] }[] {
  const { sites, links } = boxWorld(world);
  const addresses = (site: string): string[] => Object.keys(sites).filter((address) => sites[address] === site);
  return [...new Set(links.flatMap(({ between }) => between))].sort().flatMap((site) => {
    const others = links
      .filter(({ between }) => between.includes(site))
      .flatMap(({ between }) => between.filter((end) => end !== site));
    const from = addresses(site);
    const to = others.flatMap(addresses);
    return from.length > 0 && to.length > 0 ? [{ from, to }] : [];
  });
}
