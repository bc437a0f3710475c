import type { Hub } from '../hubs.ts';
import type { Graph, HostNode, SiteNode } from '../model.ts';
import { aboutLan, HEAD, head, headWidth, PAD, type Card, type Stub } from './card.ts';
import { group, line, text } from './draw.ts';
import { hostMark, MARK } from './marks.ts';
import { widthOf } from './measure.ts';
import { SIZE } from './style.ts';

const ROW = 24;
/** Where the rows of hosts begin: below the name and the line about the LAN. */
const BODY = HEAD + 24;
const GAP = 18;

/** Sites with a row for every host. */
export function detailedCards({ sites, hubs }: Graph): Card[] {
  const columns = columnsOf(sites.flatMap(({ hosts }) => hosts));
  return sites.map((site) => card(site, hubs, columns));
}

type Columns = readonly [lan: number, what: number, machine: number, end: number];

/** The same in all cards, so that the eye finds an address where the last one was. */
function columnsOf(hosts: readonly HostNode[]): Columns {
  const widest = (texts: readonly string[], weight?: 'bold'): number =>
    Math.max(0, ...texts.map((one) => widthOf(one, SIZE.text, weight)));
  const lan = PAD + MARK + widest(hosts.map(({ name }) => name), 'bold') + GAP; // prettier-ignore
  const what = lan + widest(hosts.map((host) => host.lan)) + GAP;
  const machine = what + widest(hosts.map(whatOf)) + GAP;
  return [lan, what, machine, machine + widest(hosts.map((host) => host.machine)) + PAD];
}

function whatOf({ kind, standing, roles }: HostNode): string {
  const what = { router: `router ${standing ?? ''}`, member: 'member', host: 'LAN host' }[kind];
  return [what, ...roles].join(' · ');
}

function card(site: SiteNode, hubs: readonly Hub[], columns: Columns): Card {
  const row = (index: number): number => BODY + ROW * index + ROW / 2;
  const end = BODY + ROW * site.hosts.length;
  const control = site.control.map((told, index) => ({ told, y: end + 18 + index * 16 }));
  return {
    width: Math.max(
      headWidth(site),
      columns[3],
      widthOf(aboutLan(site), SIZE.small) + 2 * PAD,
      ...site.control.map((told) => widthOf(told, SIZE.small) + 2 * PAD),
    ),
    height: end + (control.length === 0 ? 8 : 12 + control.length * 16),
    landings: hubs.flatMap((hub, index) =>
      site.hosts.flatMap(({ name }, at) =>
        hub.hosts.includes(name) ? [{ hub: index, row: row(at), room: ROW - 8 }] : [],
      ),
    ),
    stubs: stubs(site.hosts, row),
    draw: (box) => [
      ...head(site, box),
      text(box.x + PAD, box.y + HEAD + 16, aboutLan(site), 's q'),
      ...site.hosts.map((host, index) => drawn(host, box.x, box.y + row(index), columns)),
      ...(control.length === 0
        ? []
        : [line(box.x + PAD, box.y + end + 4, box.x + box.width - PAD, box.y + end + 4, 'rule')]),
      ...control.map(({ told, y }) => text(box.x + PAD, box.y + y, told, 's q')),
    ],
  };
}

function drawn(host: HostNode, x: number, y: number, [lan, what, machine]: Columns): string {
  const facts = [...host.tags, ...(host.advertises.length === 0 ? [] : [`advertises ${host.advertises.join(' ')}`])];
  return group(
    [
      hostMark(host.kind, x + PAD, y),
      text(x + PAD + MARK, y + 4, host.name, 'b'),
      text(x + lan, y + 4, host.lan, host.lan === 'assigned' ? 'q' : ''),
      text(x + what, y + 4, whatOf(host)),
      text(x + machine, y + 4, host.machine, 'q'),
    ],
    '',
    `${host.name}: ${facts.join(' ') || 'no node of the tailnet'}`,
  );
}

function stubs(hosts: readonly HostNode[], row: (index: number) => number): Stub[] {
  const lan = hosts.flatMap(({ kind }, index) => (kind === 'host' ? [row(index)] : []));
  const first = hosts.findIndex(({ kind }) => kind === 'router');
  return hosts.flatMap(({ kind, standing, advertises }, index): Stub[] => {
    if (kind === 'host') return [];
    if (kind === 'member') return [{ row: row(index), style: 'in', label: '', behind: [] }];
    const style = standing === 'A' ? 'ad' : 'ad sb';
    return [{ row: row(index), style, label: advertises.join(' '), behind: index === first ? lan : [] }];
  });
}
