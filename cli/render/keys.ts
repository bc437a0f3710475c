import { NEAR_DAYS } from '../keys/report.ts';
import type { KeyReport, KeyState } from '../keys/types.ts';
import { bold, columns, dim, green, red } from './style.ts';

const SHOWN: Record<KeyState, string> = {
  wrong: red('wrong'),
  expired: red('expired'),
  near: red('ends soon'),
  well: green('well'),
  untold: dim('not told'),
};

/** One line a credential, worst first, and what to do below. */
export function renderKeys({ tailnet, keys, notes, well }: KeyReport): string {
  const rows = keys.map(({ what, id, scope, expires, state }) => [what, id, scope, expires, SHOWN[state]]);
  const remarks = keys.flatMap(({ what, id, remark }) => (remark === '' ? [] : [`  ${what} ${dim(id)}: ${remark}`]));
  return [
    bold(`Keys of tailnet ${tailnet} and of its clouds and hosts`),
    columns(['what', 'id or fingerprint', 'opens', 'ends', ''], rows),
    ...(remarks.length === 0 ? [] : ['', ...remarks]),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => dim(`  ${note}`))]),
    '',
    well ? green(`Nothing ends within ${NEAR_DAYS} days.`) : red('Something has to be done.'),
  ].join('\n');
}
