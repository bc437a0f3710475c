import { labelText } from '../../mesh/overlays/tailscale/policy/index.ts';
import type { AccessAnswer } from '../access/answer.ts';
import type { AccessDiff } from '../access/diff.ts';
import type { AccessLine } from '../access/lines.ts';
import { bold, columns, dim, green, red } from './style.ts';

export interface MatrixText {
  title: string;
  lines: readonly AccessLine[];
  unjudged: readonly { path: string; why: string }[];
}

/** Sources as rows, one line for all that have the same targets, ports and reasons. */
export function renderMatrix({ title, lines, unjudged }: MatrixText): string {
  const rows = folded(lines).map((line) => [line.from, line.to, line.ports, dim(line.why)]);
  return [
    bold(`${title}: who may reach what`) + dim('  (from the compiled policy; everything else is denied)'),
    rows.length === 0 ? '  nobody anything' : columns(['from', 'to', 'ports', 'why'], rows),
    ...unjudgedText(unjudged),
  ].join('\n\n');
}

export function markdownMatrix({ title, lines, unjudged }: MatrixText): string {
  const rows = folded(lines).map(
    ({ from, to, ports, why }) =>
      `| ${[from, to, ports, why].map((cell) => escaped(cell.replaceAll('\n', ', '))).join(' | ')} |`,
  );
  return [
    `### ${title}: who may reach what`,
    '',
    ...(rows.length === 0 ? ['Nobody anything.'] : ['| from | to | ports | why |', '|---|---|---|---|', ...rows]),
    ...unjudgedText(unjudged).flatMap((text) => ['', text]),
  ].join('\n');
}

interface TextLine {
  from: string;
  to: string;
  ports: string;
  why: string;
}

const PING = /^control: the routers of \S+ see each other/;

/** What every site has for itself is one line for all of them. */
function folded(lines: readonly AccessLine[]): TextLine[] {
  const own = lines.filter(({ why }) => why.length === 1 && PING.test(why[0] ?? ''));
  const rest = own.length > 2 ? lines.filter((line) => !own.includes(line)) : lines;
  const told = rest.map(textLine);
  if (own.length <= 2) return told;
  return [
    ...told,
    {
      from: `the routers of each of ${own.length} sites`,
      to: 'the LAN of their own',
      ports: [...new Set(own.flatMap(({ ports }) => ports))].join(' '),
      why: 'control: they see each other and tell who is primary',
    },
  ];
}

function textLine({ from, to, ports, family, conditional, why, services }: AccessLine): TextLine {
  const service = services.length === 0 ? '' : ` (${services.join(', ')})`;
  return {
    from: wrapped(from.map(labelText)),
    to: to.length === 0 ? 'their own devices' : wrapped(to.map(labelText)),
    ports: `${ports.join(' ')}${service}${family === undefined ? '' : ` IPv${family}`}${conditional === undefined ? '' : ' ?'}`,
    why: [...(conditional === undefined ? [] : [`conditional: ${conditional}`]), ...why].join('; '),
  };
}

const WIDEST = 44;
const MOST_LINES = 5;

/** Names in lines that stay readable in a column; after some lines the rest is a number. */
function wrapped(names: readonly string[]): string {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + name.length + 2 <= WIDEST) lines[lines.length - 1] = `${last}, ${name}`;
    else lines.push(name);
  }
  if (lines.length <= MOST_LINES) return lines.join(',\n');
  const told = lines.slice(0, MOST_LINES - 1);
  const left = names.length - told.join(', ').split(', ').length;
  return [...told, `and ${left} more (--format json names all)`].join(',\n');
}

export function renderAnswer(answer: AccessAnswer): string {
  const { from, to, on, allowed, because, conditional, rules, ssh, path } = answer;
  const verdict = allowed ? green(conditional === undefined ? 'yes' : 'yes, if') : red('no');
  const chain = rules.flatMap(({ path: rule, line, why, src, dst, ip, conditional: asks }) => [
    `  ${bold(rule === '' ? 'no rules at all' : rule)}${rule === '' ? '' : dim(` line ${line}`)}  ${why}`,
    `    ${src} → ${dst} on ${ip}${asks === undefined ? '' : `   conditional: ${asks}`}`,
  ]);
  return [
    `${verdict}  ${from} → ${to} on ${on}: ${because}`,
    ...chain,
    ...path.map((fact) => `  ${dim('path')}  ${fact}`),
    ...ssh.map(
      ({ path: rule, action, users, checkPeriod, why }) =>
        `  ${dim('ssh')}   ${rule}: ${action === 'check' ? `after a check${checkPeriod === undefined ? '' : ` every ${checkPeriod}`}, ` : ''}as ${users.join(', ')}${why === '' ? '' : ` (${why})`}`,
    ),
  ].join('\n');
}

export function renderDiff(diff: AccessDiff, title: string): string {
  const { changes, against, powers, unjudged } = diff;
  const lines = [
    ...changes.map(({ verb, sentence }) => (verb === 'gains' ? red(`  + ${sentence}`) : green(`  - ${sentence}`))),
    ...powers.gains.map((power) => red(`  + ${power}`)),
    ...powers.losses.map((power) => green(`  - ${power}`)),
  ];
  return [
    bold(`${title} against ${against}`) + dim(`  ${summary(diff)}`),
    lines.length === 0 ? '  nobody gains or loses access' : lines.join('\n'),
    ...unjudgedText(unjudged),
  ].join('\n\n');
}

/** What a comment on a pull request shows. */
export function markdownDiff(diff: AccessDiff, title: string): string {
  const { changes, against, powers, unjudged } = diff;
  const table = (verb: 'gains' | 'loses', more: readonly string[]): string[] => {
    const some = changes.filter((change) => change.verb === verb);
    if (some.length + more.length === 0) return [];
    const rows = some.map(
      ({ from, ports, to, notes }) =>
        `| ${[from.join(', '), ports, to.join(', '), notes.join('; ')].map(escaped).join(' | ')} |`,
    );
    return [
      '',
      `**${verb === 'gains' ? 'Gains' : 'Losses'}**`,
      ...(rows.length === 0 ? [] : ['', '| who | what | on | why |', '|---|---|---|---|', ...rows]),
      ...(more.length === 0 ? [] : ['', ...more.map((power) => `- ${escaped(power)}`)]),
    ];
  };
  return [
    `### Access of ${title} against ${escaped(against)}`,
    '',
    changes.length + powers.gains.length + powers.losses.length === 0
      ? 'Nobody gains or loses access.'
      : `${summary(diff)}.`,
    ...table('gains', powers.gains),
    ...table('loses', powers.losses),
    ...unjudgedText(unjudged).flatMap((text) => ['', text]),
  ].join('\n');
}

function summary({ changes, powers }: AccessDiff): string {
  const gains = changes.filter(({ verb }) => verb === 'gains').length + powers.gains.length;
  const losses = changes.length + powers.gains.length + powers.losses.length - gains;
  return `${gains} ${gains === 1 ? 'gain' : 'gains'}, ${losses} ${losses === 1 ? 'loss' : 'losses'}`;
}

const unjudgedText = (unjudged: readonly { path: string; why: string }[]): string[] =>
  unjudged.length === 0 ? [] : [['Not judged:', ...unjudged.map(({ path, why }) => `- ${path}: ${why}`)].join('\n')];

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
