import type { Names } from './names.ts';
import { accessPorts, protocolName } from './protocols.ts';
import type { Fields, Reader, Spot } from './reader.ts';
import { isPeople, parseSelector, type Side } from './selectors.ts';
import type { Condition, Rule, Selector } from './types.ts';

/** What all rules of a text share. */
export interface Around {
  names: Names;
  /** `defaultSrcPosture`: asked of every rule that names none. */
  defaultPosture: readonly string[];
}

const GRANT = ['src', 'dst', 'ip', 'app', 'via', 'srcPosture'];
const ACL = ['action', 'src', 'dst', 'proto', 'srcPosture'];

export function readGrants(reader: Reader, section: Spot | undefined, around: Around): Rule[] {
  return reader.list(section).flatMap((spot) => {
    const fields = reader.fields(spot, GRANT);
    const { found } = fields;
    const src = sources(reader, spot, found.get('src'), around.names);
    const dst = selectors(reader, 'dst', found.get('dst'), around.names);
    if (!found.has('dst')) reader.fault(spot, 'has no dst: say what may be reached');
    const ip = reader.strings(found.get('ip'));
    const ports = ip.flatMap(({ text, spot: at }) => grantPorts(reader, at, text));
    if (found.has('app'))
      reader.skip(`${spot.path}.app`, 'capabilities of an application: what they permit is for the application to say');
    else if (ip.length === 0)
      reader.fault(spot, 'has neither ip nor app, so it permits nothing: add "ip": ["tcp:443"]');
    selfNeedsPeople(reader, spot, src, dst);
    if (ip.length === 0) return [];
    const conditions = [...conditionsOf(reader, spot, fields, around), ...via(reader, spot, found.get('via'), around)];
    return [{ ...head(reader, spot), src, dst, ip: ip.map(({ text }) => text), ports, conditions }];
  });
}

function grantPorts(reader: Reader, spot: Spot, text: string): string[] {
  const [protocol, list] = splitLast(text);
  if (protocol === undefined || protocol === '*') return told(reader, spot, undefined, list);
  const name = protocolName(protocol);
  if (name === undefined) {
    reader.fault(spot, `no protocol is called ${protocol}: write tcp, udp, icmp, sctp, gre … or its number`);
    return [];
  }
  return told(reader, spot, name, list);
}

function told(reader: Reader, spot: Spot, protocol: string | undefined, list: string): string[] {
  const answer = accessPorts(protocol, list);
  if ('ports' in answer) return answer.ports;
  reader.fault(spot, answer.problem);
  return [];
}

function via(reader: Reader, rule: Spot, spot: Spot | undefined, { names }: Around): Condition[] {
  const tags = reader.strings(spot).map(({ text, spot: at }) => {
    if (!text.startsWith('tag:')) reader.fault(at, `${JSON.stringify(text)}: via takes tags of routers only`);
    else selected(reader, at, text, 'dst', names);
    return text;
  });
  if (tags.length === 0) return [];
  reader.skip(`${rule.path}.via`, `whether a route leads through ${tags.join(', ')} is decided when it is used`);
  const sorted = tags.toSorted().join(', ');
  return [{ text: `only through ${sorted}`, key: `via ${sorted}` }];
}

export function readAcls(reader: Reader, section: Spot | undefined, around: Around): Rule[] {
  return reader.list(section).flatMap((spot) => {
    const fields = reader.fields(spot, ACL, { users: 'src', ports: 'dst' });
    const { found } = fields;
    const action = reader.string(found.get('action'));
    if (action?.toLowerCase() !== 'accept')
      reader.fault(
        found.get('action') ?? spot,
        `${action === undefined ? 'has no action' : `no action is called ${action}`}: write "accept", the only one (what no rule accepts is denied)`,
      );
    const proto = reader.told(found.get('proto'));
    const name = proto === undefined ? undefined : protocolName(proto.text);
    if (proto !== undefined && proto.text !== '' && name === undefined)
      reader.fault(proto.spot, `no protocol is called ${proto.text}: write tcp, udp, icmp, sctp, gre … or its number`);
    const src = sources(reader, spot, found.get('src'), around.names);
    const byPorts = destinations(reader, spot, found.get('dst'), name, around.names);
    selfNeedsPeople(
      reader,
      spot,
      // Of everybody to their own devices: the service takes it here, and refuses it in grants.
      src.filter(({ kind }) => kind !== 'any'),
      [...byPorts.values()].flatMap(({ dst }) => dst),
    );
    const conditions = conditionsOf(reader, spot, fields, around);
    const shared = { ...head(reader, spot), src, conditions };
    return [...byPorts].map(([list, { dst, ports }]) => {
      return { ...shared, dst, ip: [name === undefined ? list : `${name}:${list}`], ports };
    });
  });
}

/** `tag:db`: the colon is of the name. */
const WITHOUT_PORT = /^(?:tag|group|autogroup|ipset|svc|host|user):[^:]+$/;

/** The destinations of an entry of `acls`, by the ports that stand behind them. */
function destinations(reader: Reader, rule: Spot, spot: Spot | undefined, protocol: string | undefined, names: Names) {
  const byPorts = new Map<string, { dst: Selector[]; ports: string[] }>();
  if (spot === undefined) reader.fault(rule, 'has no dst: say what may be reached, as "HOST:PORT"');
  for (const { text, spot: at } of reader.strings(spot)) {
    const [host, list] = splitLast(text);
    if (host === undefined || WITHOUT_PORT.test(text)) {
      reader.fault(at, `${JSON.stringify(text)} has no port: write ${text}:443, or ${text}:* for all`);
      continue;
    }
    const selector = selected(reader, at, host.replace(/^\[(.*)\]$/, '$1'), 'dst', names);
    const known = byPorts.get(list) ?? { dst: [], ports: told(reader, at, protocol, list) };
    byPorts.set(list, known);
    known.dst.push(...selector);
  }
  return byPorts;
}

const head = (reader: Reader, spot: Spot & { why: string }) => ({
  path: spot.path,
  line: reader.text.lineAt(spot.node.offset),
  why: spot.why,
});

function sources(reader: Reader, rule: Spot, spot: Spot | undefined, names: Names): Selector[] {
  if (spot === undefined) reader.fault(rule, 'has no src: say who may reach it');
  return selectors(reader, 'src', spot, names);
}

export function selectors(reader: Reader, side: Side, spot: Spot | undefined, names: Names): Selector[] {
  return reader.strings(spot).flatMap(({ text, spot: at }) => selected(reader, at, text, side, names));
}

function selected(reader: Reader, spot: Spot, text: string, side: Side, names: Names): Selector[] {
  const selector = parseSelector(text, side, names);
  if (typeof selector !== 'string') return [selector];
  reader.fault(spot, selector);
  return [];
}

/** The devices of whoever asks: a tag or an address has none. */
export function selfNeedsPeople(reader: Reader, rule: Spot, src: readonly Selector[], dst: readonly Selector[]): void {
  const self = dst.some((one) => one.kind === 'autogroup' && one.name === 'self');
  const other = src.find((one) => !isPeople(one));
  if (self && other !== undefined)
    reader.fault(
      rule,
      `leads to autogroup:self from ${other.text}, which has no devices of its own: only people and groups of them can`,
    );
}

/** What the rule asks for besides, in fields that are not judged here. */
export function conditionsOf(reader: Reader, rule: Spot, fields: Fields, around: Around): Condition[] {
  const own = reader.strings(fields.found.get('srcPosture'));
  for (const { text, spot } of own)
    if (!around.names.postures.has(text) && !isInline(text))
      reader.fault(spot, `no posture is called ${text}: add it to postures`);
  const names = own.length > 0 ? own.map(({ text }) => text) : around.defaultPosture;
  const strange = fields.strange.map(({ node, path }): Condition => {
    reader.skip(path, 'nothing here knows this field: the rule may permit less than it seems to');
    const field = path.slice(path.lastIndexOf('.') + 1);
    return { text: `as far as "${field}" lets it`, key: `${field} ${JSON.stringify(shape(node))}` };
  });
  if (names.length === 0) return strange;
  reader.skip(`${rule.path}.srcPosture`, 'whether a device has the posture is decided when it connects');
  const sorted = names.toSorted();
  const key = sorted.map((name) => `${name} = ${around.names.postures.get(name) ?? name}`).join(' or ');
  return [{ text: `only devices with ${sorted.join(' or ')}`, key: `posture ${key}` }, ...strange];
}

/** `node:os == 'linux'` instead of the name of a posture. */
const isInline = (text: string): boolean => !text.startsWith('posture:') && /\s/.test(text);

/** A value without its places, for comparison. */
const shape = ({ type, value, children }: Spot['node']): unknown => [type, value as unknown, children?.map(shape)];

function splitLast(text: string): [before: string | undefined, after: string] {
  const at = text.lastIndexOf(':');
  return at === -1 ? [undefined, text] : [text.slice(0, at), text.slice(at + 1)];
}
