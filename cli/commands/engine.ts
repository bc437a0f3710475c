import type { Command } from 'commander';
import { engine } from '../engine.ts';
import { stderrProgress } from '../progress.ts';

export function addEngine(program: Command): void {
  program
    .command('engine')
    .description('make the Pulumi engine of the pinned version available, and say where it is')
    .addHelpText(
      'after',
      `
Uses an installed engine of the right version; else the official download; else builds it from Go modules (Go 1.25 or
newer, about five minutes once). The result is kept in the user's cache directory.

Example:
  mesh engine`,
    )
    .action(async () => {
      const found = await engine(stderrProgress());
      process.stdout.write(`${found.cli}\n`);
    });
}
