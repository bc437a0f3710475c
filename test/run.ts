// npm test [-- vitest arguments]: all checks, then all tests; with arguments, or with MESH_SKIP_CHECK=1, the tests only.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAndPrint } from './checks.ts';
import { type Report, reportSchema, tally, tallyLine } from './tally.ts';

const ROOT = join(import.meta.dirname, '..');

async function runVitest(args: readonly string[]): Promise<{ report: Report | undefined; exitCode: number | null }> {
  const folder = await mkdtemp(join(tmpdir(), 'mesh-test-'));
  try {
    const file = join(folder, 'report.json');
    const vitest = join(ROOT, 'node_modules', '.bin', 'vitest');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], { cwd: ROOT, stdio: 'inherit' });
    // Ctrl-C reaches vitest by the terminal; this process stays to count what it did.
    const stay = (): void => undefined;
    process.on('SIGINT', stay);
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    process.off('SIGINT', stay);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    return { report: text === undefined ? undefined : reportSchema.parse(JSON.parse(text)), exitCode };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const args = process.argv.slice(2);
const checks = args.length > 0 || process.env.MESH_SKIP_CHECK === '1' ? [] : await checkAndPrint();
const { report, exitCode } = await runVitest(args);
const result = tally(checks, report, exitCode);
// With arguments most tests are left out on purpose; without, each one that did not run is named.
if (args.length === 0) for (const name of result.skippedNames) console.log(`skipped: ${name}`);
console.log(tallyLine(result));
process.exitCode = result.failed === 0 ? 0 : 1;
