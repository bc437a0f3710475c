import { program } from './program.ts';
import { CliError, EXIT } from './exit.ts';

// A reader that has enough (mesh plan … | head) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.done);
});

try {
  await program().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CliError) {
    process.stderr.write(`mesh: ${error.message}\n`);
    process.exitCode = error.code;
  } else {
    // Not foreseen: a bug of ours. Everything that helps to report it.
    process.stderr.write(
      `mesh: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = EXIT.failed;
  }
}
