import type { RunRequest, RunResponse } from '@pulumi/pulumi/proto/language_pb.js';
import pb from '@pulumi/pulumi/proto/language_pb.js';
import type { Children } from './children.ts';
import { ending } from './children.ts';
import { locate, optionsEnvironment, runtimeOptions } from './options.ts';

/** The SDK's runner ends so after it told the user everything: the engine then stops without another message. */
const ALREADY_REPORTED = 32;

/**
 * Run a Pulumi program to its end. Its output goes straight to the host's own, which the engine shows.
 * Never throws for a program that fails: the answer says how.
 */
export async function runProgram(
  request: RunRequest,
  engine: string,
  children: Children,
  abort: AbortSignal,
): Promise<RunResponse> {
  const response = new pb.RunResponse();
  try {
    const directory = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
    const options = runtimeOptions(request.getInfo());
    const runner = locate('@pulumi/pulumi/cmd/run', directory);
    const child = children.start(
      process.execPath,
      [...options.nodeArguments, runner, ...programArguments(request, engine)],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
        env: {
          ...process.env,
          ...optionsEnvironment(options),
          PULUMI_CONFIG: JSON.stringify(configByOldKeys(request)),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        },
      },
      abort,
    );
    const { code, fault } = await ending(child);
    if (code === ALREADY_REPORTED) return response.setBail(true);
    return fault === undefined ? response : response.setError(fault);
  } catch (error) {
    return response.setError(error instanceof Error ? error.message : String(error));
  }
}

/** Arguments of `@pulumi/pulumi/cmd/run`; empty values are left out. */
function programArguments(request: RunRequest, engine: string): string[] {
  const info = request.getInfo();
  const flags: [string, string | undefined][] = [
    ['monitor', request.getMonitorAddress()],
    ['engine', engine],
    ['organization', request.getOrganization()],
    ['project', request.getProject()],
    ['root-directory', info?.getRootDirectory()],
    ['stack', request.getStack()],
    ['pwd', info?.getProgramDirectory()],
    ['parallel', String(request.getParallel())],
  ];
  return [
    ...flags.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`--${name}`, value])),
    ...(request.getDryrun() ? ['--dry-run'] : []),
    info?.getEntryPoint() ?? '.',
    ...request.getArgsList(),
  ];
}

/** `ns:name` as `ns:config:name`: the form that SDKs of every age read. */
function configByOldKeys(request: RunRequest): Record<string, string> {
  const entries: [string, string][] = [];
  request.getConfigMap().forEach((value, key) => {
    const colon = key.indexOf(':');
    entries.push([`${key.slice(0, colon)}:config:${key.slice(key.lastIndexOf(':') + 1)}`, value]);
  });
  return Object.fromEntries(entries);
}
