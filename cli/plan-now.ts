import type { MeshConfig } from '../mesh/config/index.ts';
import { planMesh } from '../mesh/plan/index.ts';
import type { MeshPlan } from '../mesh/plan/types.ts';
import { CliError, EXIT } from './exit.ts';

/** The plan of a stack as it is today. The only place where the command line asks for the time. */
export const planNow = (config: MeshConfig, stack: string, now: Date = new Date()): MeshPlan =>
  planMesh(config, { stack, now });

export const NOW_OPTION = [
  '--now <day>',
  'as of this day (YYYY-MM-DD, UTC) and not today: what "until" takes away by then',
] as const;

/** Reads --now. Throws CliError (usage). */
export function dayOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const day = new Date(`${text}T00:00:00Z`);
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text))
    return day;
  throw new CliError(
    EXIT.usage,
    `--now ${text} is no day of the calendar: write YYYY-MM-DD. Example: --now 2027-01-01`,
  );
}
