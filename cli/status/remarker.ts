import type { Remark } from './types.ts';

export interface Remarks {
  problems: Remark[];
  notes: Remark[];
}

/** Collects remarks about one kind of thing. */
export class Remarker implements Remarks {
  readonly problems: Remark[] = [];
  readonly notes: Remark[] = [];

  /** Needs somebody. */
  problem(what: string, about: string, text: string, next: string): void {
    this.problems.push({ what, about, text, next });
  }

  /** Is good to know. */
  note(what: string, about: string, text: string, next: string): void {
    this.notes.push({ what, about, text, next });
  }
}
