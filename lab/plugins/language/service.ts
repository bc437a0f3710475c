import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import type { ILanguageRuntimeServer } from '@pulumi/pulumi/proto/language_grpc_pb.js';
import type {
  AboutRequest,
  AboutResponse,
  DependencyInfo,
  GetProgramDependenciesRequest,
  GetProgramDependenciesResponse,
  GetRequiredPackagesRequest,
  GetRequiredPackagesResponse,
  InstallDependenciesRequest,
  InstallDependenciesResponse,
  LanguageHandshakeRequest,
  LanguageHandshakeResponse,
  RunPluginRequest,
  RunPluginResponse,
  RunRequest,
  RunResponse,
  RuntimeOptionsRequest,
  RuntimeOptionsResponse,
} from '@pulumi/pulumi/proto/language_pb.js';
import pb from '@pulumi/pulumi/proto/language_pb.js';
import type { PluginInfo } from '@pulumi/pulumi/proto/plugin_pb.js';
import pluginPb from '@pulumi/pulumi/proto/plugin_pb.js';
import type { Empty } from 'google-protobuf/google/protobuf/empty_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import { serviceError } from '../../../io/rpc/errors.ts';
import type { Session } from '../../../io/rpc/session.ts';
import { unary } from '../../../io/rpc/unary.ts';
import type { Children } from './children.ts';
import { ending } from './children.ts';
import { runPlugin } from './plugin.ts';
import { runProgram } from './program.ts';

/** The SDK's version stands for the host's: both belong to one release of the engine. */
function sdkVersion(): string {
  return versionOf('@pulumi/pulumi', import.meta.dirname) ?? '0.0.0';
}

/** The language host's calls. What makes SDKs and new projects (Generate…, Pack, Link, Template) answers UNIMPLEMENTED. */
export function languageService(session: Session, children: Children) {
  const { redactor, inFlight } = session;
  return {
    handshake: unary<LanguageHandshakeRequest, LanguageHandshakeResponse>(redactor, (request) => {
      session.attach(request.getEngineAddress());
      return new pb.LanguageHandshakeResponse();
    }),

    getPluginInfo: unary<Empty, PluginInfo>(redactor, () => new pluginPb.PluginInfo().setVersion(sdkVersion())),

    // None: a lab brings its plugins, and the engine must not go looking for them.
    getRequiredPackages: unary<GetRequiredPackagesRequest, GetRequiredPackagesResponse>(
      redactor,
      () => new pb.GetRequiredPackagesResponse(),
    ),

    run: unary<RunRequest, RunResponse>(redactor, (request, call) =>
      inFlight.run(
        (abort) => runProgram(request, session.engine?.address ?? '', children, abort),
        (abort) => call.on('cancelled', abort),
      ),
    ),

    runPlugin: streaming<RunPluginRequest, RunPluginResponse>(session, (stream, abort) =>
      runPlugin(stream, children, abort),
    ),

    installDependencies: streaming<InstallDependenciesRequest, InstallDependenciesResponse>(session, (stream, abort) =>
      install(stream, children, abort),
    ),

    runtimeOptionsPrompts: unary<RuntimeOptionsRequest, RuntimeOptionsResponse>(
      redactor,
      () => new pb.RuntimeOptionsResponse(),
    ),

    about: unary<AboutRequest, AboutResponse>(redactor, () =>
      new pb.AboutResponse().setExecutable(process.execPath).setVersion(process.version),
    ),

    getProgramDependencies: unary<GetProgramDependenciesRequest, GetProgramDependenciesResponse>(redactor, (request) =>
      new pb.GetProgramDependenciesResponse().setDependenciesList(
        directDependencies(request.getInfo()?.getProgramDirectory() ?? request.getPwd()),
      ),
    ),

    cancel: unary<Empty, Empty>(redactor, () => {
      inFlight.abortAll('the update was cancelled');
      return new emptyPb.Empty();
    }),
  } satisfies Partial<ILanguageRuntimeServer>;
}

/** A handler that writes a stream; a throw becomes its failure, and an abandoned stream aborts the work. */
function streaming<Q, A>(
  session: Session,
  body: (stream: ServerWritableStream<Q, A>, abort: AbortSignal) => Promise<void>,
): (stream: ServerWritableStream<Q, A>) => void {
  return (stream) => {
    session.inFlight
      .run(
        (abort) => body(stream, abort),
        (abort) => stream.on('cancelled', abort),
      )
      .catch((error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        stream.destroy(serviceError(status.UNKNOWN, session.redactor.redact(text)));
      });
  };
}

async function install(
  stream: ServerWritableStream<InstallDependenciesRequest, InstallDependenciesResponse>,
  children: Children,
  abort: AbortSignal,
): Promise<void> {
  const directory = stream.request.getInfo()?.getProgramDirectory() ?? stream.request.getDirectory();
  const child = children.start('npm', ['install'], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] }, abort);
  child.stdout?.on('data', (chunk: Buffer) => stream.write(new pb.InstallDependenciesResponse().setStdout(chunk)));
  child.stderr?.on('data', (chunk: Buffer) => stream.write(new pb.InstallDependenciesResponse().setStderr(chunk)));
  const { fault } = await ending(child);
  if (fault !== undefined) throw new Error(`npm install in ${directory}: ${fault}`);
  stream.end();
}

/** What package.json names, in the versions that are installed; dependencies of dependencies are left out. */
function directDependencies(directory: string): DependencyInfo[] {
  const manifest: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('dependencies' in manifest)) return [];
  return Object.entries(manifest.dependencies as Record<string, string>).map(([name, wanted]) =>
    new pb.DependencyInfo().setName(name).setVersion(versionOf(name, directory) ?? wanted),
  );
}

function versionOf(name: string, directory: string): string | undefined {
  for (const folder of createRequire(join(directory, 'program.js')).resolve.paths(name) ?? []) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version?: string };
      return manifest.version;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return undefined;
}
