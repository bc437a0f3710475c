import { setTimeout as sleep } from 'node:timers/promises';

export interface Watch {
  everySeconds: number;
  /** One picture, as text. Gives up when the signal is aborted. */
  picture: (signal: AbortSignal) => Promise<string>;
  stream?: NodeJS.WriteStream;
  /** Ends the watch; default: Ctrl-C. */
  until?: AbortSignal;
}

const CLEAR = '\u001b[H\u001b[2J\u001b[3J';

/** Shows a picture again and again until Ctrl-C. On a terminal each takes the place of the one before; elsewhere they follow each other. */
export async function watch({ everySeconds, picture, stream = process.stdout, until }: Watch): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const signal = until === undefined ? controller.signal : AbortSignal.any([controller.signal, until]);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    while (!signal.aborted) {
      const text = await picture(signal);
      if (signal.aborted) break;
      // Drawn in one write, after all is known: the screen never shows half a picture.
      stream.write(stream.isTTY ? `${CLEAR}${text}\n` : `${text}\n\n`);
      await sleep(everySeconds * 1000, undefined, { signal });
    }
  } catch (error) {
    // Whatever was under way when somebody had seen enough is of no interest.
    if (!signal.aborted) throw error;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
