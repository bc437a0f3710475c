import { program } from './program.ts';
import { CliError, EXIT } from './exit.ts';

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
