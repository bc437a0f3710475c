import type { Lock } from './locks.ts';
import type { CutOff, Question, Survey } from './survey.ts';

/** One thing to do, as it is told before it is done. */
export interface Step {
  what: string;
  /** The engine's command for it. */
  command: string;
}

/** What `mesh recover` found and did; printed with --json as it is. */
export interface Report {
  stack: string;
  /** undefined: this backend shows its locks only when it refuses to write. */
  locks?: Lock[];
  /** Of an engine that may be at work: nothing else was looked at. */
  held: boolean;
  /** Files beside the state that the kill has torn. */
  torn: string[];
  cutOff: CutOff[];
  unrecorded: Survey['unrecorded'];
  gone: Survey['gone'];
  questions: Question[];
  /** What could not be looked at, and why. */
  blind: string[];
  steps: Step[];
  /** What was done of it; `later` rounds included. */
  done: string[];
  next: string[];
  /** As the exit code says: nothing is left, or a person has to act. */
  outcome: 'clean' | 'recovered' | 'to do' | 'needs a person';
}

export const emptyReport = (stack: string): Report => ({
  stack,
  held: false,
  torn: [],
  cutOff: [],
  unrecorded: [],
  gone: [],
  questions: [],
  blind: [],
  steps: [],
  done: [],
  next: [],
  outcome: 'clean',
});
