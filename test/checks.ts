// Everything that is said about the tree without running it. `npm run check` prints it, `npm test` counts it.
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** What the import rule is held over. */
export const ROOMS = ['index.ts', 'mesh', 'components', 'provider', 'io', 'policies', 'lab', 'engine', 'cli', 'test'];

export interface Check {
  name: string;
  command: [program: string, ...args: string[]];
  /** Folder it runs in; default: the root of the tree. */
  cwd?: string;
}

export interface CheckResult {
  name: string;
  ok: boolean;
  seconds: number;
  /** All that the tool said. */
  output: string;
}

const PYTHON_TOOLS = join(ROOT, 'test', 'python-tools');
/** Folders with Python and its settings (pyproject.toml). */
const PYTHON = ['host', 'lab', 'test/lab'];

/** The slowest first, so that two at a time end together. */
export const CHECKS: readonly Check[] = [
  { name: 'eslint', command: ['eslint', '.', '--max-warnings', '0'] },
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json', '--noEmit'] },
  { name: 'formatting', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'import rule', command: ['depcruise', '--config', '.dependency-cruiser.cjs', ...ROOMS] },
  { name: 'unused code', command: ['knip'] },
  ...PYTHON.flatMap((folder): Check[] => {
    const cwd = join(ROOT, folder);
    return [
      { name: `${folder}: python types`, command: [PYTHON_TOOLS, 'mypy'], cwd },
      { name: `${folder}: python lint`, command: [PYTHON_TOOLS, 'ruff', 'check', '.'], cwd },
      { name: `${folder}: python format`, command: [PYTHON_TOOLS, 'ruff', 'format', '--check', '.'], cwd },
    ];
  }),
];

/**
 * Runs checks, `parallel` at a time, in their order.
 * @param onResult called as each one ends
 * @returns the results in the order of `checks`
 */
export async function runChecks(
  checks: readonly Check[],
  parallel: number,
  onResult: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const queue = [...checks.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, check] = next;
      const result = await runCheck(check);
      results[index] = result;
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return results;
}

async function runCheck({ name, command: [program, ...args], cwd = ROOT }: Check): Promise<CheckResult> {
  const start = performance.now();
  // The tree's own tools, on the Node that runs this.
  const PATH = [join(ROOT, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  // Room for what is young: without it, compilers spend a seventh of their time on collecting.
  const NODE_OPTIONS = [process.env.NODE_OPTIONS, '--max-semi-space-size=64'].filter(Boolean).join(' ');
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, PATH, NODE_OPTIONS },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const failure = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : ''));
  });
  const output = [Buffer.concat(chunks).toString(), failure].filter(Boolean).join('\n');
  return { name, ok: failure === undefined, seconds: (performance.now() - start) / 1000, output };
}

/** One line about a result. */
export const checkLine = ({ name, ok, seconds }: CheckResult): string =>
  `${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(23)} ${seconds.toFixed(1).padStart(6)} s`;

/** Runs all checks two at a time, prints a line as each one ends and, last, what the failing ones said. */
export async function checkAndPrint(checks: readonly Check[] = CHECKS): Promise<CheckResult[]> {
  const results = await runChecks(checks, 2, (result) => console.log(checkLine(result)));
  for (const { name, output } of results.filter(({ ok }) => !ok)) console.log(`\n── ${name} ──\n${output.trimEnd()}`);
  return results;
}
