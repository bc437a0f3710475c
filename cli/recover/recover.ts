import { CliError, EXIT } from '../exit.ts';
import type { Lock } from './locks.ts';
import { emptyReport, type Report } from './report.ts';
import { withAdopted, withoutDeleted } from './state.ts';
import { editsState, stepsOf } from './steps.ts';
import { survey, type Survey } from './survey.ts';
import { removeTorn } from './torn.ts';
import { reason, refusedFor, type Target } from './target.ts';

/** The stack, as far as it is needed here. */
type Stack = Pick<Target, 'file' | 'torn' | 'locks' | 'state' | 'creates' | 'clouds' | 'cancel' | 'import' | 'refresh'>;

export interface RecoverOptions {
  /** Take off a lock also when nobody can tell whether its holder lives. */
  forceUnlock: boolean;
  /** Asked once everything is known, before anything is done; false ends it there. */
  agree: (report: Report) => Promise<boolean>;
  say: (line: string) => void;
}

/** Each round can find what hangs under what the one before found: no chain of ours is longer. */
const ROUNDS = 6;

/**
 * Brings a state that a killed run left behind in step with the clouds: objects that were made and not recorded are
 * recorded, records of what is gone go. Nothing is ever made, changed or deleted at a cloud.
 */
export async function recover(target: Stack, options: RecoverOptions): Promise<Report> {
  const report = emptyReport(target.file.stack);
  const locks = await target.locks();
  if (locks !== undefined) report.locks = locks;
  if (isHeld(locks ?? [], options)) return held(report);

  report.torn = await target.torn();
  if (report.torn.length > 0) {
    report.steps = [
      {
        what: 'remove what is torn beside the state; the state itself is whole',
        command: `rm ${report.torn.join(' ')}`,
      },
    ];
    if (!(await options.agree(report))) return ended(report, 'to do');
    await removeTorn(report.torn);
    report.done.push(...report.torn.map((path) => `removed ${path}, which was torn`));
    report.torn = [];
  }

  let agreed = false;
  for (let round = 1; round <= ROUNDS; round++) {
    options.say(round === 1 ? 'looking at the state and at the clouds' : 'looking again, for what hangs under that');
    const { text, found } = await look(target, report);
    const open = round === 1 ? (report.locks ?? []) : [];
    report.steps = stepsOf(open, found);
    if (report.steps.length === 0) break;
    if (!agreed && !(await options.agree(report))) return ended(report, 'to do');
    agreed = true;
    if (open.length > 0) await unlock(target, report);
    if (!(await apply(target, report, found, text, options))) return held(report);
    report.steps = [];
    if (found.later.length === 0) break;
  }
  return ended(report, report.done.length > 0 ? 'recovered' : 'clean');
}

/** One look at everything, told in the report. */
async function look(target: Stack, report: Report): Promise<{ text: string; found: Survey }> {
  const [{ text, state }, creates] = await Promise.all([target.state(), target.creates()]);
  const clouds = target.clouds();
  const known = typeof creates === 'string' ? [] : creates;
  const found = await survey(state, known, clouds).catch((error: unknown) => {
    throw error instanceof Error && error.name === 'LookupError'
      ? new CliError(EXIT.failed, `${error.message}\nNothing was changed; run mesh recover again when it answers.`, {
          cause: error,
        })
      : error;
  });
  report.blind = [...clouds.closed].map(
    ([provider, why]) => `objects of ${provider.split('::')[3] ?? provider}: ${why}`,
  );
  if (typeof creates === 'string')
    report.blind.push(`what was made and is recorded nowhere: the preview that would tell failed:\n${creates}`);
  report.cutOff.push(...found.cutOff);
  report.unrecorded.push(...found.unrecorded);
  report.gone.push(...found.gone.filter(({ urn }) => !report.gone.some((one) => one.urn === urn)));
  // The last look knows best what is left to people.
  report.questions = found.questions;
  return { text, found };
}

/** false: somebody holds the stack. */
async function apply(
  target: Stack,
  report: Report,
  found: Survey,
  text: string,
  options: RecoverOptions,
): Promise<boolean> {
  if (editsState(found)) {
    const { text: now, state } = await target.state();
    if (now !== text)
      throw new CliError(
        EXIT.failed,
        'somebody changed the state while it was looked at; nothing was written. Run mesh recover again.',
      );
    const edited = withAdopted(
      withoutDeleted(state, state.deployment.resources?.filter(sameAs(found.deleted)) ?? []),
      found.adoptions,
    );
    let run = await target.import(edited);
    const holders = await refusedFor(run);
    if (holders.length > 0) {
      report.locks = holders;
      if (isHeld(holders, options)) return false;
      await unlock(target, report);
      run = await target.import(edited);
    }
    if (run.code !== 0) throw new CliError(EXIT.failed, `the state could not be written: ${reason(run)}`);
    for (const { resource, id } of found.adoptions)
      if (id !== undefined) report.done.push(`recorded ${resource.urn} with id ${id}`);
    for (const { urn, operation, verdict } of found.cutOff)
      if (verdict === 'forget') report.done.push(`forgot that ${urn} was ${operation}`);
  }
  if (found.refresh.length > 0) {
    options.say(`refreshing ${found.refresh.length} of the records`);
    const run = await target.refresh(found.refresh);
    if (run.code !== 0)
      throw new CliError(
        EXIT.failed,
        `the refresh failed: ${reason(run)}\nWhat was found is recorded; run "pulumi refresh" when the reason is gone, before anything else.`,
      );
    report.done.push(`refreshed ${found.refresh.length} record${found.refresh.length === 1 ? '' : 's'}`);
  }
  return true;
}

const sameAs =
  (gone: Survey['deleted']) =>
  (one: Survey['deleted'][number]): boolean =>
    gone.some((other) => other.urn === one.urn && other.id === one.id && one.delete === true);

async function unlock(target: Stack, report: Report): Promise<void> {
  const run = await target.cancel();
  if (run.code !== 0) throw new CliError(EXIT.failed, `the stack could not be unlocked: ${reason(run)}`);
  report.done.push('took the lock off the stack');
}

const isHeld = (locks: readonly Lock[], { forceUnlock }: RecoverOptions): boolean =>
  !forceUnlock && locks.some(({ holder }) => holder !== 'dead');

function held(report: Report): Report {
  return { ...report, held: true, outcome: 'needs a person' };
}

/** A host that joined just before the kill is known to nobody until an up asks it. */
const joinedPerhaps = ({ cutOff }: Report): boolean =>
  cutOff.some(({ type, operation }) => type === 'mesh:index:TailnetNode' && operation === 'creating');

function ended(report: Report, outcome: 'clean' | 'recovered' | 'to do'): Report {
  const person = report.questions.length > 0 || report.blind.length > 0;
  const next =
    outcome === 'to do'
      ? []
      : joinedPerhaps(report)
        ? ['pulumi up, also when you want to destroy: a host that had joined is known to nobody until an up asks it']
        : ['pulumi up, or pulumi destroy if that was under way: it goes on where the other one was cut off'];
  return { ...report, next, outcome: outcome !== 'to do' && person ? 'needs a person' : outcome };
}
