import { spawn } from 'node:child_process';

/** What each program belongs to, on Debian. */
const PACKAGES: Record<string, string> = { ip: 'iproute2', nft: 'nftables', nsenter: 'util-linux', python3: 'python3' };

/** Programs at the same time: more would only wait for the kernel's lock on network settings. */
const PARALLEL = 6;

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(program: string, args: readonly string[], input: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // A program that fails may not have read everything; its exit code tells.
    child.stdin.on('error', () => undefined).end(input);
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new Error(`${program} is not on PATH; on Debian: apt install ${PACKAGES[program] ?? program}`)
          : error,
      ),
    );
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function run(program: string, args: readonly string[], input: string): Promise<void> {
  const { code, stdout, stderr } = await start(program, args, input);
  if (code !== 0)
    throw new Error(`${[program, ...args].join(' ')} failed (${code ?? 'killed'}): ${(stderr || stdout).trim()}`);
}

const lines = (commands: readonly string[]): string => commands.map((command) => `${command}\n`).join('');

/** Commands of `ip`, one process; stops at the first that fails. */
export async function ip(namespace: string | undefined, commands: readonly string[]): Promise<void> {
  if (commands.length === 0) return;
  await run('ip', [...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-'], lines(commands));
}

/** Commands of `ip` that may fail: what they take away may be gone already, what they set may be there. */
export async function ipForce(namespace: string | undefined, commands: readonly string[]): Promise<void> {
  if (commands.length === 0) return;
  const where = namespace === undefined ? [] : ['-n', namespace];
  await start('ip', [...where, '-force', '-batch', '-'], lines(commands));
}

export async function nft(path: string, file: string): Promise<void> {
  await run('nsenter', [`--net=${path}`, 'nft', '-f', '-'], file);
}

/** `settings`: path below /proc/sys/net → value, in their order. */
export async function sysctl(path: string, settings: Record<string, string>): Promise<void> {
  const writes = Object.entries(settings).map(([key, value]) => `echo ${value} >/proc/sys/net/${key}`);
  await run('nsenter', [`--net=${path}`, 'sh', '-e'], lines(writes));
}

/** Runs `work` over all items, a few at a time. */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}
