import type { Command } from 'commander';
import { demo } from '../demo/index.ts';
import { untilInterrupted } from '../interrupt.ts';
import { labDirectory } from '../paths.ts';
import { stderrProgress } from '../progress.ts';

/** `mesh lab demo`: what the whole thing does, shown to somebody who has never seen it. */
export function addDemo(lab: Command): void {
  lab
    .command('demo')
    .description('three sites of real machines, a dead router, a black hole: shown and taken away (Linux, root)')
    .option('--keep', 'leave it running at the end')
    .addHelpText(
      'after',
      `
Takes two to three minutes; the first time also builds what machines are made of. Its lab is its own (.lab-demo): one that
runs beside it is not touched.`,
    )
    .action(async (options: { keep?: true }) => {
      const dir = `${labDirectory()}-demo`;
      await untilInterrupted((signal) =>
        demo({ dir, keep: options.keep === true, progress: stderrProgress(), signal }),
      );
    });
}
