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

const PER_LINE = 3;
const MOST_LINES = 4;

/** Names in lines of a few, the rest as a number. */
function wrapped(names: readonly string[]): string {
  const lines: string[] = [];
  for (let at = 0; at < names.length && lines.length < MOST_LINES; at += PER_LINE)
    lines.push(names.slice(at, at + PER_LINE).join(', '));
  const left = names.length - MOST_LINES * PER_LINE;
  return [...lines, ...(left > 0 ? [`and ${left} more (--format json names all)`] : [])].join('\n');
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
  const { changes, against, unjudged } = diff;
  const lines = changes.map(({ verb, sentence }) =>
    verb === 'gains' ? red(`  + ${sentence}`) : green(`  - ${sentence}`),
  );
  return [
    bold(`${title} against ${against}`) + dim(`  ${summary(diff)}`),
    lines.length === 0 ? '  nobody gains or loses access' : lines.join('\n'),
    ...unjudgedText(unjudged),
  ].join('\n\n');
}

/** What a comment on a pull request shows. */
export function markdownDiff(diff: AccessDiff, title: string): string {
  const { changes, against, unjudged } = diff;
  const table = (verb: 'gains' | 'loses'): string[] => {
    const some = changes.filter((change) => change.verb === verb);
    if (some.length === 0) return [];
    const rows = some.map(
      ({ from, ports, to, notes }) =>
        `| ${[from.join(', '), ports, to.join(', '), notes.join('; ')].map(escaped).join(' | ')} |`,
    );
    return [
      '',
      `**${verb === 'gains' ? 'Gains' : 'Losses'}**`,
      '',
      `| who | what | on | why |`,
      '|---|---|---|---|',
      ...rows,
    ];
  };
  return [
    `### Access of ${title} against ${escaped(against)}`,
    '',
    changes.length === 0 ? 'Nobody gains or loses access.' : `${summary(diff)}.`,
    ...table('gains'),
    ...table('loses'),
    ...unjudgedText(unjudged).flatMap((text) => ['', text]),
  ].join('\n');
}

function summary({ changes }: AccessDiff): string {
  const gains = changes.filter(({ verb }) => verb === 'gains').length;
  const losses = changes.length - gains;
  return `${gains} ${gains === 1 ? 'gain' : 'gains'}, ${losses} ${losses === 1 ? 'loss' : 'losses'}`;
}

const unjudgedText = (unjudged: readonly { path: string; why: string }[]): string[] =>
  unjudged.length === 0 ? [] : [['Not judged:', ...unjudged.map(({ path, why }) => `- ${path}: ${why}`)].join('\n')];

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
