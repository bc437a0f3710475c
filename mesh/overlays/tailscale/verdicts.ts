import { tagWords } from './tags.ts';
import type { PolicyTest } from './tests.ts';

/** Test and target → the `why` of the intent that gives it; made by `reasonKey`. What no intent gives has none. */
export type Reasons = Readonly<Record<string, string>>;

/** `tag:app tcp fra-db-01:5432`. */
export const reasonKey = (src: string, proto: string, target: string): string => `${src} ${proto} ${target}`;

export interface Broken {
  /** For people: who, where to, which port, and the intent's reason or that there is none. */
  text: string;
  /** Source and target, where the service's words name them. */
  about: string[];
}

/** What the service says about failing tests, sorted out. */
export interface Verdicts {
  broken: Broken[];
  /** Selectors for which the tailnet knows no device yet, so that nothing could be judged; sorted. */
  unseen: string[];
}

const VERDICT = /^(.+?): address "(.+)": want: (Accept|Drop), got: \w+$/;
/** Of a source or of a destination that stands for devices, while there are none. */
const NO_DEVICE = /(?:source|destination) "([^"]+)" resolved to no IP addresses$/;
/** The heading over a list of failures; says nothing by itself. */
const HEADING = 'test(s) failed';

/**
 * Translates the service's words (`tag:app: address "fra-db-01:5432": want: Accept, got: Drop`). What is not of this form is
 * told as it came.
 * @param errors as the client answers them: `SRC: WORDS`, the heading first
 */
export function verdicts(errors: readonly string[], tests: readonly PolicyTest[], reasons: Reasons): Verdicts {
  const broken = new Map<string, Broken>();
  const unseen = new Set<string>();
  for (const error of errors) {
    const [, nobody] = NO_DEVICE.exec(error) ?? [];
    if (nobody !== undefined) unseen.add(nobody);
    else if (error !== HEADING)
      for (const one of told(error, tests, reasons) ?? [{ text: error, about: [] }]) broken.set(one.text, one);
  }
  return { broken: [...broken.values()], unseen: [...unseen].sort() };
}

/** The service names source and target, not the protocol: every test that asks this of them is told. */
function told(error: string, tests: readonly PolicyTest[], reasons: Reasons): Broken[] | undefined {
  const [, src = '', target = '', want] = VERDICT.exec(error) ?? [];
  const side = want === 'Accept' ? 'accept' : 'deny';
  const asked = tests.filter((test) => test.src === src && test[side].includes(target));
  if (want === undefined || asked.length === 0) return undefined;
  const at = target.lastIndexOf(':');
  const host = target.slice(0, at);
  return asked.map(({ proto }) => {
    const port = `${proto}/${target.slice(at + 1)}`;
    const why = reasons[reasonKey(src, proto, target)] ?? 'an access rule says so';
    const text =
      side === 'accept'
        ? `${named(src)} must reach ${named(host)} on ${port} (${why}), and the live policy denies it`
        : `${named(src)} must not reach ${named(host)} on ${port} (no access rule says so), and the live policy allows it`;
    return { text, about: [src, host] };
  });
}

const named = (selector: string): string => {
  const words = tagWords(selector);
  return words === undefined ? selector : `${words} (${selector})`;
};
