import { spawn } from 'node:child_process';
import { TREE } from './paths.ts';

export interface PulumiRun {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cli: string;
  env: NodeJS.ProcessEnv;
  cwd?: string;
  /** Text for the child's stdin; secrets go this way, never in argv. */
  stdin?: string;
  /** Lines as they come, stdout and stderr alike. */
  onLine?: (line: string) => void;
  /** Ends the child with an interrupt, as a Ctrl-C does. */
  signal?: AbortSignal;
}

/**
 * Runs the Pulumi CLI and collects what it prints. The child shares our process group, so a Ctrl-C at the terminal
 * reaches the engine directly and it ends in its own order (waits for operations under way, records them, unlocks).
 */
export function runPulumi(args: readonly string[], options: RunOptions): Promise<PulumiRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.cli, [...args], {
      cwd: options.cwd ?? TREE,
      env: options.env,
      stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const interrupt = (): void => void child.kill('SIGINT');
    options.signal?.addEventListener('abort', interrupt);
    const collected = { stdout: '', stderr: '' };
    const forward = lineSplitter(options.onLine);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        collected[name] += chunk;
        forward(name, chunk);
      });
    }
    child.stdin?.end(options.stdin);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      forward('end', '');
      options.signal?.removeEventListener('abort', interrupt);
      resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 1), ...collected });
    });
  });
}

function lineSplitter(onLine: ((line: string) => void) | undefined): (stream: string, chunk: string) => void {
  const rest = new Map<string, string>();
  return (stream, chunk) => {
    if (onLine === undefined) return;
    if (stream === 'end') {
      for (const text of rest.values()) if (text !== '') onLine(text);
      return;
    }
    const lines = ((rest.get(stream) ?? '') + chunk).split('\n');
    rest.set(stream, lines.pop() ?? '');
    lines.forEach((line) => onLine(line));
  };
}
