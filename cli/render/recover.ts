import type { Lock } from '../recover/locks.ts';
import type { Report } from '../recover/report.ts';
import { titleOf } from '../recover/wanted.ts';
import { bold, columns, dim, green } from './style.ts';

/** What was found, and what is about to be done about it. */
export function renderFindings(report: Report): string {
  const { torn, cutOff, unrecorded, gone, questions, blind, steps } = report;
  const parts = [
    section('The lock', (report.locks ?? []).map(lockLine)),
    section(
      'Torn by the kill',
      torn.map((path) => [
        path,
        'empty: the engine cannot read the state beside it ("failed to load checkpoint: EOF")',
      ]),
    ),
    section(
      'Operations that were cut off',
      cutOff.map(({ operation, urn, type, verdict, why }) => [
        `${operation} ${titleOf(urn, type)}`,
        `${why}${verdict === 'adopt' ? ': it is recorded' : ''}`,
      ]),
    ),
    section(
      'Made, but recorded nowhere',
      unrecorded.map(({ urn, type, what }) => [titleOf(urn, type), `${what} is there, and ours: it is recorded`]),
    ),
    section(
      'Recorded, but gone at the cloud',
      gone.map(({ urn, type, id }) => [titleOf(urn, type), `id ${id} is not there any more: its record goes`]),
    ),
    section(
      'Left to you',
      questions.map(({ urn, type, what, way }) => [titleOf(urn, type), `${what}\n→ ${way}`]),
    ),
    section(
      'What could not be looked at',
      blind.map((line) => [line]),
    ),
    section(
      'What there is to do',
      steps.map(({ what, command }) => [what, dim(command)]),
    ),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** How it ended. */
export function renderEnd(report: Report): string {
  const next = report.next.map((line) => `  ${line}`).join('\n');
  switch (report.outcome) {
    case 'clean':
      return `${green('Nothing to recover:')} state and clouds agree about what this stack made.`;
    case 'recovered':
      return `${green('Recovered.')} Next:\n${next}`;
    case 'to do':
      return `Nothing was done. ${dim(`mesh recover ${report.stack} --yes does it.`)}`;
    case 'needs a person':
      if (report.held) return heldText(report);
      return `What stands under "Left to you" and "could not be looked at" is left.${next === '' ? '' : ` After that:\n${next}`}`;
  }
}

function heldText({ locks = [] }: Report): string {
  const alive = locks.find(({ holder }) => holder === 'alive');
  if (alive !== undefined)
    return `Process ${alive.pid} is at work on this stack. Wait until it ends, or end it in its own order (kill -INT ${alive.pid}); then run mesh recover again.`;
  return [
    'Its holder is on another machine, so nobody here can tell whether it lives. Look there (or at the CI run that it was).',
    'When it is certainly dead: mesh recover --force-unlock. If it was alive after all, two engines would write one state,',
    'each without what the other did: objects would be made twice or forgotten.',
  ].join('\n');
}

function lockLine({ pid, host, user, since, holder }: Lock): string[] {
  const fate = {
    alive: 'it is at work',
    dead: 'it is dead: the lock means nothing any more',
    unknown: 'another machine: whether it lives cannot be told from here',
  }[holder];
  return [`process ${pid} of ${user ?? 'somebody'} on ${host}${since === undefined ? '' : `, since ${since}`}`, fate];
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `${bold(title)}\n${columns([], rows)}`;
}
