/** One thing that is wrong with a policy text, told so that its reader can mend it. */
export interface PolicyFault {
  /** Where, in the letters of the text: `grants[3].src[0]`, `groups["group:sre"][1]`; empty for the text as a whole. */
  path: string;
  /** 1-based; absent where the fault has no one place. */
  line?: number;
  /** What is wrong, and the way out. */
  message: string;
}

/** A text that is no policy, with everything that is wrong with it. */
export class PolicyUnreadable extends Error {
  readonly faults: readonly PolicyFault[];
  constructor(faults: readonly PolicyFault[]) {
    super(`the policy cannot be read:\n${faults.map(renderPolicyFault).join('\n')}`);
    this.name = 'PolicyUnreadable';
    this.faults = faults;
  }
}

/** `  line 12, grants[3].src[0]: …` */
export function renderPolicyFault({ path, line, message }: PolicyFault): string {
  const where = [...(line === undefined ? [] : [`line ${line}`]), ...(path === '' ? [] : [path])].join(', ');
  return `  ${where === '' ? message : `${where}: ${message}`}`;
}
