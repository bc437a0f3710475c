import { setTimeout as sleep } from 'node:timers/promises';
import { untilInterrupted } from '../interrupt.ts';

export interface Watch {
  everySeconds: number;
  /** One picture, as text. Gives up when the signal is aborted. */
  picture: (signal: AbortSignal) => Promise<string>;
  stream?: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;
}

const CLEAR = '\u001b[H\u001b[2J\u001b[3J';

/** Shows a picture again and again until Ctrl-C. On a terminal each takes the place of the one before; elsewhere they follow each other. */
export function watch({ everySeconds, picture, stream = process.stdout }: Watch): Promise<void> {
  return untilInterrupted(async (signal) => {
    try {
      while (!signal.aborted) {
        const text = await picture(signal);
        // Half a picture, of hosts that were hung up on.
        signal.throwIfAborted();
        // Drawn in one write, after all is known: the screen never shows half a picture.
        stream.write(stream.isTTY ? `${CLEAR}${text}\n` : `${text}\n\n`);
        await sleep(everySeconds * 1000, undefined, { signal });
      }
    } catch (error) {
      // Whatever was under way when somebody had seen enough is of no interest.
      if (!signal.aborted) throw error;
    }
  });
}
