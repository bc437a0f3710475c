import { TailscaleError } from '../../io/tailscale/errors.ts';
import { CliError, EXIT } from '../exit.ts';

/** What a tailnet refused, or did not answer, ends the command with its words. */
export async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof TailscaleError ? new CliError(EXIT.failed, error.message, { cause: error }) : error;
  }
}
