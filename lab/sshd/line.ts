/**
 * The lines of docs/host-protocol.md, and the one that carries a command of the user's own. The rest of what a shell can do
 * is not here: a line with anything else that a shell would interpret is not one of ours.
 */
export type Line = ProtocolLine | OwnCommand;
export type ProtocolLine =
  { kind: 'install'; sudo: boolean; sha256: string } | { kind: 'tool'; sudo: boolean; path: string; args: string[] };
/** The script comes on stdin. */
export interface OwnCommand {
  kind: 'own';
  name: string;
}

const INSTALL = /^\/usr\/bin\/python3 -I -c '[^']+' install ([0-9a-f]{64})$/;
const TOOL = /^(\/usr\/local\/lib\/site-mesh\/tool-[0-9a-f]{16}\/mesh-host)((?: [A-Za-z0-9:._/-]+)*)$/;

/** Where a tool with this source is installed. `sha256`: 64 hex digits. */
export const toolPath = (sha256: string): string => `/usr/local/lib/site-mesh/tool-${sha256.slice(0, 16)}/mesh-host`;

const OWN = /^timeout -k 10 ([1-9]\d{0,4}) sh -eu -s # ([a-z][a-z0-9-]*)$/;
const LONGEST_SECONDS = 86_400;

function ownCommand(line: string): OwnCommand | undefined {
  const [, seconds, name] = OWN.exec(line) ?? [];
  return name === undefined || Number(seconds) > LONGEST_SECONDS ? undefined : { kind: 'own', name };
}

export function parseLine(line: string): Line | undefined {
  const own = ownCommand(line);
  if (own !== undefined) return own;
  const sudo = line.startsWith('sudo -n ');
  const rest = sudo ? line.slice('sudo -n '.length) : line;
  const install = INSTALL.exec(rest);
  if (install?.[1] !== undefined) return { kind: 'install', sudo, sha256: install[1] };
  const tool = TOOL.exec(rest);
  if (tool?.[1] === undefined) return undefined;
  return { kind: 'tool', sudo, path: tool[1], args: (tool[2] ?? '').split(' ').slice(1) };
}

/** Lines that read stdin to its end; the others answer without waiting for it. */
export function readsStdin(line: Line): boolean {
  return line.kind !== 'tool' || ['apply preflight', 'apply stage', 'node join'].includes(line.args.join(' '));
}

const CHANGES = ['apply stage', 'apply activate', 'apply confirm', 'apply restore', 'apply revert'];
const MEMBER_CHANGES = ['node join', 'node leave', 'route advertise', 'route drain', 'route pause', 'route resume'];

/** What a line does to its host, in its own words; undefined when it only asks. */
export function changeOf(line: Line): string | undefined {
  if (line.kind !== 'tool') return line.kind === 'own' ? `command ${line.name}` : 'install';
  const verb = line.args.slice(0, 2).join(' ');
  return [...CHANGES, ...MEMBER_CHANGES].includes(verb) ? verb : undefined;
}
