import { createInterface } from 'node:readline/promises';
import { CliError, EXIT } from './exit.ts';

/** Asks a person; without a terminal nobody agrees. @throws CliError (interrupted) after a Ctrl-C: without it the answer would never come. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const stop = new AbortController();
  terminal.once('SIGINT', () => stop.abort());
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal: stop.signal })).trim());
  } catch (error) {
    throw stop.signal.aborted
      ? new CliError(EXIT.interrupted, 'interrupted; nothing was done', { cause: error })
      : error;
  } finally {
    terminal.close();
  }
}
