import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import { credentials, Server } from '@grpc/grpc-js';
import analyzerGrpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import analyzerPb from '@pulumi/pulumi/proto/analyzer_pb.js';
import type { LanguageRuntimeClient } from '@pulumi/pulumi/proto/language_grpc_pb.js';
import languageGrpc from '@pulumi/pulumi/proto/language_grpc_pb.js';
import type { RunPluginResponse, RunResponse } from '@pulumi/pulumi/proto/language_pb.js';
import pb from '@pulumi/pulumi/proto/language_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import structPb from 'google-protobuf/google/protobuf/struct_pb.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../../../io/rpc/serve.ts';
import { Session } from '../../../io/rpc/session.ts';
import { Children } from '../../../lab/plugins/language/children.ts';
import { languageService } from '../../../lab/plugins/language/service.ts';

let directory: string;
let server: Server;
let children: Children;
let client: LanguageRuntimeClient;

/** The runner that the host finds in the program's directory; tests say what it does. */
function runner(name: 'run' | 'run-plugin' | 'run-policy-pack', source: string): void {
  const folder = join(directory, 'node_modules/@pulumi/pulumi/cmd', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.js'), source);
}

beforeEach(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'language-host-')));
  server = new Server();
  children = new Children();
  server.addService(languageGrpc.LanguageRuntimeService, languageService(new Session(), children));
  client = new languageGrpc.LanguageRuntimeClient(`127.0.0.1:${await listen(server)}`, credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  await children.stop();
  server.forceShutdown();
  rmSync(directory, { recursive: true, force: true });
});

function info(): InstanceType<typeof pb.ProgramInfo> {
  const options = structPb.Struct.fromJavaScript({ typescript: false, nodeargs: '--title=toy' });
  return new pb.ProgramInfo().setProgramDirectory(directory).setEntryPoint('.').setOptions(options);
}

function run(request = new pb.RunRequest()): Promise<RunResponse> {
  return new Promise((resolve, reject) => {
    client.run(request.setInfo(info()), (error: ServiceError | null, answer) => {
      if (error) reject(error);
      else resolve(answer);
    });
  });
}

/** Start a plugin; `output` grows as it speaks. */
function plugin(kind: string): {
  output: { stdout: string; stderr: string };
  code: Promise<number>;
  cancel: () => void;
} {
  const request = new pb.RunPluginRequest()
    .setKind(kind)
    .setPwd(directory)
    .setInfo(info())
    .setArgsList(['127.0.0.1:1']);
  const stream = client.runPlugin(request.setEnvList(['GIVEN=a=b']));
  const output = { stdout: '', stderr: '' };
  const code = new Promise<number>((resolve, reject) => {
    stream.on('data', (message: RunPluginResponse) => {
      output.stdout += Buffer.from(message.getStdout_asU8()).toString();
      output.stderr += Buffer.from(message.getStderr_asU8()).toString();
      if (message.getOutputCase() === pb.RunPluginResponse.OutputCase.EXITCODE) resolve(message.getExitcode());
    });
    stream.on('error', reject);
  });
  code.catch(() => undefined);
  return { output, code, cancel: () => stream.cancel() };
}

async function until(what: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!what()) {
    if (Date.now() > end) throw new Error(`never: ${what.toString()}`);
    await sleep(20);
  }
}

describe('the language host runs a program', () => {
  it('with the stack on its command line and the config in its environment', async () => {
    runner(
      'run',
      `require('fs').writeFileSync('${join(directory, 'seen')}', JSON.stringify({ argv: process.argv.slice(2), config: process.env.PULUMI_CONFIG,
        secret: process.env.PULUMI_CONFIG_SECRET_KEYS, ts: process.env.PULUMI_NODEJS_TYPESCRIPT, title: process.title }))`,
    );
    const request = new pb.RunRequest()
      .setProject('proj')
      .setStack('dev')
      .setMonitorAddress('127.0.0.1:2')
      .setParallel(4)
      .setDryrun(true);
    request.getConfigMap().set('site-mesh:network', '{}');
    const answer = await run(request.setConfigsecretkeysList(['site-mesh:key']));
    expect([answer.getError(), answer.getBail()]).toEqual(['', false]);
    const seen = JSON.parse(readFileSync(join(directory, 'seen'), 'utf8')) as Record<string, unknown>;
    const flags = [
      '--monitor',
      '127.0.0.1:2',
      '--project',
      'proj',
      '--stack',
      'dev',
      '--pwd',
      directory,
      '--parallel',
      '4',
    ];
    expect(seen.argv).toEqual([...flags, '--dry-run', '.']);
    expect(seen.config).toBe('{"site-mesh:config:network":"{}"}');
    expect([seen.secret, seen.ts, seen.title]).toEqual(['["site-mesh:key"]', undefined, 'toy']);
  });

  it('and tells a failure that the user has seen from one that he has not', async () => {
    runner('run', 'process.exit(32)');
    const told = await run();
    expect([told.getBail(), told.getError()]).toEqual([true, '']);
    runner('run', 'process.exit(3)');
    const untold = await run();
    expect([untold.getBail(), untold.getError()]).toEqual([false, 'Program exited with non-zero exit code: 3']);
    runner('run', "process.kill(process.pid, 'SIGKILL')");
    expect((await run()).getError()).toBe('Program was ended by signal SIGKILL');
  });

  it('and says what to do where no SDK is installed', async () => {
    expect((await run()).getError()).toBe(
      `${directory}: @pulumi/pulumi/cmd/run is not installed there; run npm install first`,
    );
  });

  it('until Cancel interrupts it, and runs the next one all the same', async () => {
    const mark = join(directory, 'mark');
    runner(
      'run',
      `process.on('SIGINT', () => process.exit(5)); require('fs').writeFileSync('${mark}', ''); setInterval(() => {}, 1000)`,
    );
    const running = run();
    await until(() => existsSync(mark));
    client.cancel(new emptyPb.Empty(), () => undefined);
    expect((await running).getError()).toContain('exit code: 5');
    runner('run', '');
    expect((await run()).getError()).toBe('');
  });
});

describe('the language host runs a plugin', () => {
  it('and passes on its output, its exit code and the environment that the engine chose', async () => {
    runner(
      'run-plugin',
      "console.log(process.argv[2], process.env.GIVEN, process.env.HOME); console.error('err'); process.exitCode = 7",
    );
    const { output, code } = plugin('resource');
    expect(await code).toBe(7);
    expect(output).toEqual({ stdout: `${directory} a=b undefined\n`, stderr: 'err\n' });
  });

  it('and stops it when the engine lets go of it', async () => {
    const mark = join(directory, 'mark');
    runner('run-plugin', `require('fs').writeFileSync('${mark}', String(process.pid)); setInterval(() => {}, 1000)`);
    const { cancel } = plugin('resource');
    await until(() => existsSync(mark) && readFileSync(mark, 'utf8') !== '');
    const pid = Number(readFileSync(mark, 'utf8'));
    expect(() => process.kill(pid, 0)).not.toThrow();
    cancel();
    await until(() => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    });
  });

  it('that is a policy pack only when it knows the stack, and passes its calls through', async () => {
    // The pack is this process: the runner only tells where, as a real one would, and what it was started with.
    const pack = new Server();
    pack.addService(analyzerGrpc.AnalyzerService, {
      getAnalyzerInfo: (_call: unknown, done: (error: null, answer: object) => void) => {
        done(null, new analyzerPb.AnalyzerInfo().setName('guard'));
      },
    });
    const port = await listen(pack);
    runner(
      'run-policy-pack',
      `console.log(${port}); console.log([process.argv[3], process.cwd(), process.env.PULUMI_NODEJS_STACK, process.env.PULUMI_CONFIG].join(' '));
       setInterval(() => {}, 1000)`,
    );
    const { output, cancel } = plugin('analyzer');
    await until(() => output.stdout.includes('\n'));
    const proxy = Number(output.stdout.trim());
    expect(proxy).not.toBe(port);
    const analyzer = new analyzerGrpc.AnalyzerClient(`127.0.0.1:${proxy}`, credentials.createInsecure());
    const configure = new analyzerPb.AnalyzerStackConfigureRequest().setStack('dev');
    configure.getConfigMap().set('a:b', 'c');
    const name = await new Promise((resolve, reject) => {
      analyzer.configureStack(configure, () => {
        analyzer.getAnalyzerInfo(new emptyPb.Empty(), (error, answer) => {
          if (error) reject(error);
          else resolve(answer.getName());
        });
      });
    });
    expect(name).toBe('guard');
    await until(() => output.stdout.includes('{'));
    expect(output.stdout).toBe(`${proxy}\n${directory} ${directory} dev {"a:b":"c"}\n`);
    analyzer.close();
    cancel();
    pack.forceShutdown();
  });
});
