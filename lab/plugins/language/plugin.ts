import type { ChildProcess } from 'node:child_process';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { RunPluginRequest, RunPluginResponse } from '@pulumi/pulumi/proto/language_pb.js';
import type { AnalyzerStackConfigureRequest } from '@pulumi/pulumi/proto/analyzer_pb.js';
import pb from '@pulumi/pulumi/proto/language_pb.js';
import type { Children } from './children.ts';
import { ending } from './children.ts';
import { locate, optionsEnvironment, runtimeOptions } from './options.ts';
import { startPolicyProxy } from './policy-proxy.ts';

type Stream = ServerWritableStream<RunPluginRequest, RunPluginResponse>;

/**
 * Run a plugin written for Node (a policy pack, or a provider from source) until it ends or the engine closes the
 * stream; its output and exit code are messages of the stream. Rejects when it cannot be started.
 */
export async function runPlugin(stream: Stream, children: Children, abort: AbortSignal): Promise<void> {
  const pack = stream.request.getKind() === 'analyzer';
  const code = await (pack ? runPolicyPack(stream, children, abort) : runOther(stream, children, abort));
  if (abort.aborted) return;
  stream.write(new pb.RunPluginResponse().setExitcode(code));
  stream.end();
}

async function runOther(stream: Stream, children: Children, abort: AbortSignal): Promise<number> {
  const child = start(stream.request, {}, children, abort);
  if (child.stdout) pipe(child.stdout, stream, 'stdout');
  if (child.stderr) pipe(child.stderr, stream, 'stderr');
  return (await ending(child)).code;
}

async function runPolicyPack(stream: Stream, children: Children, abort: AbortSignal): Promise<number> {
  const proxy = await startPolicyProxy();
  try {
    stream.write(message('stdout', Buffer.from(`${proxy.port}\n`)));
    const configuration = await Promise.race([proxy.configuration, aborted(abort)]);
    if (abort.aborted) return 0;
    const child = start(stream.request, stackEnvironment(configuration), children, abort);
    const over = ending(child);
    if (child.stderr) pipe(child.stderr, stream, 'stderr');
    if (child.stdout) {
      const rest = afterFirstLine(child.stdout, (line) => {
        const port = Number(line.trim());
        if (Number.isInteger(port) && port > 0) proxy.connect(port);
        else proxy.fail(new Error(`the policy pack said ${JSON.stringify(line)} instead of its port`));
      });
      pipe(rest, stream, 'stdout');
    }
    const { code, fault } = await over;
    proxy.fail(new Error(fault ?? 'the policy pack ended'));
    return code;
  } finally {
    proxy.close();
  }
}

/** Names and config of the stack as the SDK reads them; `Config` in a pack works then. */
function stackEnvironment(stack: AnalyzerStackConfigureRequest | undefined): Record<string, string> {
  if (stack === undefined) return {};
  const config: [string, string][] = [];
  stack.getConfigMap().forEach((value, key) => config.push([key, value]));
  return {
    PULUMI_NODEJS_ORGANIZATION: stack.getOrganization(),
    PULUMI_NODEJS_PROJECT: stack.getProject(),
    PULUMI_NODEJS_STACK: stack.getStack(),
    PULUMI_NODEJS_DRY_RUN: String(stack.getDryRun()),
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(config)),
  };
}

function start(
  request: RunPluginRequest,
  environment: Record<string, string>,
  children: Children,
  abort: AbortSignal,
): ChildProcess {
  const directory = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const options = runtimeOptions(request.getInfo());
  const pack = request.getKind() === 'analyzer';
  const runner = locate(pack ? '@pulumi/pulumi/cmd/run-policy-pack' : '@pulumi/pulumi/cmd/run-plugin', directory);
  // A pack gets its directory last and runs in it; other plugins get it first and run where the program does.
  const args = pack ? [...request.getArgsList(), directory] : [directory, ...request.getArgsList()];
  return children.start(
    process.execPath,
    [...options.nodeArguments, runner, ...args],
    {
      cwd: pack ? directory : request.getPwd(),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...variables(request.getEnvList()), ...optionsEnvironment(options), ...environment },
    },
    abort,
  );
}

/** `NAME=value` lines; the engine sends the plugin's whole environment so. */
function variables(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

function message(channel: 'stdout' | 'stderr', chunk: Buffer): RunPluginResponse {
  const response = new pb.RunPluginResponse();
  return channel === 'stdout' ? response.setStdout(chunk) : response.setStderr(chunk);
}

/** Copy output into the stream, no faster than the engine reads it. */
function pipe(output: Readable, stream: Stream, channel: 'stdout' | 'stderr'): void {
  output.on('data', (chunk: Buffer) => {
    if (stream.write(message(channel, chunk))) return;
    output.pause();
    stream.once('drain', () => output.resume());
  });
}

/** Takes the first line away and gives back what follows it. */
function afterFirstLine(output: Readable, onLine: (line: string) => void): Readable {
  const rest = new PassThrough();
  let first: Buffer | undefined = Buffer.alloc(0);
  output.on('data', (chunk: Buffer) => {
    if (first === undefined) {
      rest.write(chunk);
      return;
    }
    first = Buffer.concat([first, chunk]);
    const end = first.indexOf('\n');
    if (end === -1) return;
    onLine(first.subarray(0, end).toString());
    rest.write(first.subarray(end + 1));
    first = undefined;
  });
  output.on('end', () => rest.end());
  return rest;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
