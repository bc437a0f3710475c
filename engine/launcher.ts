import { rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { run } from './child.ts';
import { Unavailable } from './error.ts';
import { INSTALL_SCRIPT_URL, PULUMI_VERSION } from './versions.ts';
import type { Maker, WayContext } from './ways.ts';

export interface LauncherOptions {
  /** The npm launcher's script. */
  script?: string;
  /** What is asked first, to know whether the download has a chance. */
  probeUrl?: string;
  /** How long that may take, in milliseconds. */
  probeTimeout?: number;
}

const DOWNLOAD_TIMEOUT_MS = 15 * 60_000;

// Asked by a process of its own, as the launcher is one: both then take a proxy from the environment, or both do not.
const PROBE = `
const [url, timeout] = process.argv.slice(1);
fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(Number(timeout)) }).then(
  (answer) => console.log(answer.ok ? 'ok' : 'it answered with HTTP ' + answer.status),
  (error) => console.log(error.name === 'TimeoutError'
    ? 'no answer within ' + timeout / 1000 + ' s'
    : 'it cannot be reached (' + (error.cause?.code ?? error.cause?.message ?? error.message) + ')'),
).then(() => process.exit(0));
`;

/** The vendor's own download, through the launcher that the vendor publishes on npm. */
export function launcher(options: LauncherOptions = {}): Maker {
  const probeUrl = options.probeUrl ?? INSTALL_SCRIPT_URL;
  const host = new URL(probeUrl).host;
  return {
    name: `the official download from ${host}`,
    needs: `HTTPS to ${host} (HTTPS_PROXY is honoured)`,
    how: 'downloaded',
    async make(staging, context) {
      const env = { ...context.env, NODE_USE_ENV_PROXY: '1' };
      await probe(probeUrl, options.probeTimeout ?? 2_000, { ...context, env });
      await download(options.script ?? createRequire(import.meta.url).resolve('pulumi/run.js'), staging, {
        ...context,
        env,
      });
    },
  };
}

async function probe(url: string, timeout: number, { env, report, signal }: WayContext): Promise<void> {
  report(`asking ${new URL(url).host} (at most ${timeout / 1000} s)`);
  const answer = await run(process.execPath, ['-e', PROBE, url, String(timeout)], {
    env,
    signal,
    timeout: timeout + 5_000,
  });
  const verdict = answer.stdout.trim();
  if (verdict !== 'ok') throw new Unavailable(verdict === '' ? 'it could not be asked' : verdict);
}

async function download(script: string, staging: string, { env, report, signal }: WayContext): Promise<void> {
  report(`downloading Pulumi ${PULUMI_VERSION}`);
  const home = join(staging, 'home');
  const result = await run(process.execPath, [script, 'version'], {
    // TMPDIR too: what an interrupted installer leaves must lie where the next run clears up.
    env: { ...env, PULUMI_HOME: home, PULUMI_VERSION, TMPDIR: staging, PULUMI_SKIP_UPDATE_CHECK: 'true' },
    cwd: staging,
    signal,
    timeout: DOWNLOAD_TIMEOUT_MS,
    onLine: (line) => {
      if (line.trim() !== '') report(`downloading Pulumi ${PULUMI_VERSION}: ${line.trim()}`);
    },
  });
  if (result.timedOut) throw new Unavailable(`the download did not end within ${DOWNLOAD_TIMEOUT_MS / 60_000} minutes`);
  if (result.code !== 0) throw new Unavailable(`the launcher failed: ${result.tail.join(' | ') || 'no output'}`);
  try {
    await rename(join(home, 'versions', PULUMI_VERSION, 'bin'), join(staging, 'bin'));
  } catch {
    throw new Unavailable('the launcher ended without an error but installed nothing');
  }
}
