import type { Client } from 'ssh2';
import { SshError } from './errors.ts';

export interface ExecOptions {
  /** Written to the command's standard input, which is then closed. */
  stdin?: string;
  timeoutSeconds: number;
  signal: AbortSignal;
  /** Bytes of stdout, and of stderr, after which the command is given up. Default 4 MiB. */
  maxBytes?: number;
}

export interface ExecResult {
  /** Exit code; 128 when a signal killed the command. */
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs one line over an exec channel. The line is not part of any error: callers know better what it meant.
 * @throws SshError: `deadline` and `too-much` close the connection, since what the host is doing is no longer known.
 */
export function execOver(client: Client, label: string, line: string, options: ExecOptions): Promise<ExecResult> {
  const maxBytes = options.maxBytes ?? 4 * 1024 * 1024;
  return new Promise((resolve, reject) => {
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const bytes = { stdout: 0, stderr: 0 };
    let code: number | undefined;
    const settle = (then: () => void): void => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
      client.off('close', onLost);
      then();
    };
    const giveUp = (error: SshError): void =>
      settle(() => {
        client.destroy();
        reject(error);
      });
    const onLost = (): void =>
      giveUp(new SshError('lost', 'host', `${label}: the connection broke before the command ended`));
    const onAbort = (): void =>
      giveUp(new SshError('cancelled', 'host', `${label}: stopped before the answer came (cancelled, or out of time)`));
    const timer = setTimeout(
      () => giveUp(new SshError('deadline', 'host', `${label}: no answer within ${options.timeoutSeconds} s`)),
      options.timeoutSeconds * 1000,
    );
    client.on('close', onLost);
    options.signal.addEventListener('abort', onAbort);
    if (options.signal.aborted) {
      onAbort();
      return;
    }
    const take = (stream: 'stdout' | 'stderr', chunk: Buffer): void => {
      bytes[stream] += chunk.length;
      if (bytes[stream] > maxBytes)
        giveUp(
          new SshError('too-much', 'host', `${label}: the command wrote more than ${maxBytes} bytes to ${stream}`),
        );
      else output[stream].push(chunk);
    };
    const open = (error: Error | undefined, channel: Parameters<Parameters<Client['exec']>[1]>[1]): void => {
      if (error !== undefined) {
        giveUp(
          new SshError('lost', 'host', `${label}: the host opened no exec channel: ${error.message}`, { cause: error }),
        );
        return;
      }
      channel.on('data', (chunk: Buffer) => take('stdout', chunk));
      channel.stderr.on('data', (chunk: Buffer) => take('stderr', chunk));
      channel.on('exit', (exit: number | null) => (code = exit ?? 128));
      // A command that ends without reading its input: what it answered is what counts.
      channel.on('error', () => undefined);
      channel.on('close', () => {
        const exit = code;
        if (exit === undefined) onLost();
        else
          settle(() =>
            resolve({
              code: exit,
              stdout: Buffer.concat(output.stdout).toString('utf8'),
              stderr: Buffer.concat(output.stderr).toString('utf8'),
            }),
          );
      });
      channel.end(options.stdin ?? '');
    };
    try {
      client.exec(line, open);
    } catch (error) {
      // ssh2 throws "Not connected" when the connection is already gone.
      giveUp(new SshError('lost', 'host', `${label}: the connection is gone`, { cause: error }));
    }
  });
}
