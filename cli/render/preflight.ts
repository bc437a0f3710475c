import { refusalLines, touched, touchedRows, type Preflight } from '../../mesh/host/preflight.ts';
import type { Look } from '../preflight/look.ts';
import { bold, columns, dim, green, red } from './style.ts';

/** One part per host: what would be touched, what stands in the way. */
export function renderLooks(looks: readonly Look[]): string {
  return looks.map((look) => `${bold(look.name)}\n${body(look)}`).join('\n\n');
}

function body({ found, error }: Look): string {
  if (found === undefined) return `  ${red('could not be asked')}: ${error ?? ''}`;
  if (!found.first) return `  ${dim('a release of ours is there already; what was in its way then was accepted')}`;
  const rows = touchedRows(found);
  const refusals = refusalLines(found);
  return [
    `  ${touched(found)}`,
    ...(rows.length === 0 ? [] : [indented(columns(['what', 'change', 'now'], rows))]),
    ...notes(found),
    ...(refusals.length === 0
      ? [`  ${green('Nothing is in the way.')}`]
      : [red('  It cannot be taken as it is.'), ...refusals.map((line) => `  ${line}`)]),
  ].join('\n');
}

function notes({ findings, ours }: Preflight): string[] {
  const told = findings
    .filter(({ severity }) => severity === 'warn')
    .map(({ what, detail, choice }) => `    ${what}: ${detail} ${dim(`(${choice})`)}`);
  const names = [...ours.tables.map((table) => `nft table ${table}`), ...ours.rules.map((rule) => `ip rule ${rule}`)];
  return [
    ...(told.length === 0 ? [] : ['  To be known:', ...told]),
    ...(names.length === 0 ? [] : [`  Under our names already: ${names.join(', ')}`]),
  ];
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
