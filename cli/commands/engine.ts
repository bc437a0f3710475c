import type { Command } from 'commander';
import { daemons, engine } from '../engine.ts';
import { stderrProgress } from '../progress.ts';

export function addEngine(program: Command): void {
  program
    .command('engine')
    .description('make the Pulumi engine of the pinned version available, and say where it is')
    .option('--daemons', "tailscaled and headscale instead: what the lab's machines run (Linux)")
    .addHelpText(
      'after',
      `
Uses an installed engine of the right version; else the official download; else builds it from Go modules (Go 1.25 or
newer, about five minutes once). The daemons are always built from Go modules (Go 1.26.6 or newer, about five minutes
once); the same tailscaled is the command-line program when a name ending in "tailscale" leads to it. All of it is kept in
the user's cache directory.

Examples:
  mesh engine
  mesh engine --daemons`,
    )
    .action(async (options: { daemons?: true }) => {
      if (options.daemons === true) {
        const { tailscaled, headscale } = await daemons(stderrProgress());
        process.stdout.write(`${tailscaled}\n${headscale}\n`);
      } else {
        process.stdout.write(`${(await engine(stderrProgress())).cli}\n`);
      }
    });
}
