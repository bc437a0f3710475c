import { approverProblem, type Names } from './names.ts';
import { protocolName } from './protocols.ts';
import { parseRange } from './ranges.ts';
import type { Reader, Spot, Told } from './reader.ts';
import { conditionsOf, selectors, selfNeedsPeople, type Around } from './rules.ts';
import { parseSelector, type Side } from './selectors.ts';
import type { PolicyTest, SshRule } from './types.ts';

const SSH = ['action', 'src', 'dst', 'users', 'checkPeriod', 'srcPosture', 'acceptEnv', 'recorder', 'enforceRecorder'];

export function readSsh(reader: Reader, section: Spot | undefined, around: Around): SshRule[] {
  return reader.list(section).map((spot): SshRule => {
    const fields = reader.fields(spot, SSH);
    const { found } = fields;
    const action = reader.string(found.get('action'))?.toLowerCase();
    if (action !== 'accept' && action !== 'check')
      reader.fault(
        found.get('action') ?? spot,
        `${action === undefined ? 'has no action' : `no action is called ${action}`}: write "accept" or "check"`,
      );
    for (const side of ['src', 'dst', 'users'])
      if (!found.has(side)) reader.fault(spot, `has no ${side}: an ssh rule says who, where and as which users`);
    const src = selectors(reader, 'src', found.get('src'), around.names);
    const dst = selectors(reader, 'dst', found.get('dst'), around.names);
    selfNeedsPeople(reader, spot, src, dst);
    const users = reader.strings(found.get('users')).map(({ text }) => text);
    const checkPeriod = reader.string(found.get('checkPeriod'));
    if (found.has('recorder'))
      reader.skip(`${spot.path}.recorder`, 'where a session is recorded changes nobody’s access');
    const conditions = conditionsOf(reader, spot, fields, around);
    return {
      path: spot.path,
      line: reader.text.lineAt(spot.node.offset),
      why: spot.why,
      src,
      dst,
      users,
      conditions,
      action: action === 'check' ? 'check' : 'accept',
      ...(checkPeriod !== undefined && { checkPeriod }),
    };
  });
}

const TEST = ['src', 'accept', 'deny', 'proto', 'srcPostureAttrs', 'via'];

/** Tests are of the policy itself; the names in them have to exist all the same. */
export function readTests(reader: Reader, section: Spot | undefined, names: Names): PolicyTest[] {
  return reader.list(section).flatMap((spot) => {
    const { found } = reader.fields(spot, TEST, { user: 'src', allow: 'accept' });
    const src = reader.told(found.get('src'));
    if (src === undefined) reader.fault(spot, 'has no src: say who the test is about');
    else known(reader, src, 'src', names);
    const proto = reader.told(found.get('proto'));
    if (proto !== undefined && protocolName(proto.text) === undefined)
      reader.fault(proto.spot, `no protocol is called ${proto.text}: write tcp or udp`);
    const targets = (field: string): string[] =>
      reader.strings(found.get(field)).map(({ text, spot: at }) => {
        const [, host = text, port = ''] = /^(.*):([^:]*)$/.exec(text) ?? [];
        if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
          reader.fault(at, `${JSON.stringify(text)}: a test asks for one port: write HOST:443`);
        known(reader, { text: host.replace(/^\[(.*)\]$/, '$1'), spot: at }, 'dst', names);
        return text;
      });
    const [accept, deny] = [targets('accept'), targets('deny')];
    if (src === undefined) return [];
    return [{ path: spot.path, src: src.text, ...(proto !== undefined && { proto: proto.text }), accept, deny }];
  });
}

/** A login in a test need not be in any group. */
function known(reader: Reader, { text, spot }: Told, side: Side, names: Names): void {
  const selector = parseSelector(text, side, names);
  if (typeof selector === 'string') reader.fault(spot, selector);
}

const SSH_TEST = ['src', 'dst', 'accept', 'check', 'deny', 'srcPostureAttrs', 'dstPostureAttrs'];

export function readSshTests(reader: Reader, section: Spot | undefined, names: Names): void {
  for (const spot of reader.list(section)) {
    const { found } = reader.fields(spot, SSH_TEST);
    for (const side of ['src', 'dst'] as const)
      for (const told of reader.strings(found.get(side))) known(reader, told, side, names);
  }
}

/** Who may advertise which prefix, or be an exit node, without somebody's approval. */
export function readApprovers(reader: Reader, section: Spot | undefined, names: Names): Map<string, string[]> {
  if (section === undefined) return new Map();
  const { found, strange } = reader.fields(section, ['routes', 'exitNode', 'services']);
  for (const { path } of strange) reader.skip(path, 'nothing here knows this kind of approval');
  const tags = new Set(names.tagOwners.keys());
  const approvers = (spot: Spot): string[] =>
    reader.strings(spot).map(({ text, spot: at }) => {
      const problem = approverProblem(text, names.groups, tags);
      if (problem !== undefined) reader.fault(at, problem);
      return text;
    });
  const exit = found.get('exitNode');
  return new Map([
    ...reader.mapping(found.get('routes')).map(({ key, value, at }): [string, string[]] => {
      const range = parseRange(key);
      if (range === undefined) reader.fault(at, 'is no prefix: write "10.77.10.0/24"');
      else if (typeof range === 'string') reader.fault(at, range);
      return [key, approvers(value)];
    }),
    ...reader.mapping(found.get('services')).map(({ key, value }): [string, string[]] => [key, approvers(value)]),
    ...(exit === undefined ? [] : [['exitNode', approvers(exit)] as const]),
  ]);
}

/** Features of nodes: they change no access, but the names in them have to exist. */
export function readNodeAttrs(reader: Reader, section: Spot | undefined, names: Names): void {
  for (const spot of reader.list(section)) {
    const { found } = reader.fields(spot, ['target', 'attr', 'app', 'ipPool', 'srcPosture']);
    for (const told of reader.strings(found.get('target'))) known(reader, told, 'dst', names);
  }
  if (section !== undefined)
    reader.skip(section.path, 'attributes switch features of nodes on; none opens a connection between two of them');
}
