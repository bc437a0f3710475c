import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ProgramInfo } from '@pulumi/pulumi/proto/language_pb.js';

/** `runtime.options` of Pulumi.yaml or PulumiPolicy.yaml, as far as Node programs have any. */
interface RuntimeOptions {
  /** Compile with ts-node; the default, as in the official host. */
  typescript: boolean;
  tsconfig?: string;
  /** Arguments for node, split at blanks. */
  nodeArguments: string[];
}

/** Throws Error, naming the option, when one has the wrong type. */
export function runtimeOptions(info: ProgramInfo | undefined): RuntimeOptions {
  const given: Record<string, unknown> = info?.getOptions()?.toJavaScript() ?? {};
  const { typescript = true, tsconfig, nodeargs = '' } = given;
  if (typeof typescript !== 'boolean') throw new Error('runtime option typescript: must be true or false');
  if (tsconfig !== undefined && typeof tsconfig !== 'string')
    throw new Error('runtime option tsconfig: must be a path');
  if (typeof nodeargs !== 'string') throw new Error('runtime option nodeargs: must be a string');
  return {
    typescript,
    ...(tsconfig === undefined ? {} : { tsconfig }),
    nodeArguments: nodeargs.split(' ').filter((argument) => argument !== ''),
  };
}

/** The environment by which the SDK's runner learns of the options. */
export function optionsEnvironment(options: RuntimeOptions): Record<string, string> {
  return {
    ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: 'true' } : {}),
    ...(options.tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
  };
}

/**
 * The file of an SDK module as the program itself would load it: its own SDK runs it, never the host's.
 * Throws Error with the remedy when the program's directory has no SDK.
 */
export function locate(module: string, directory: string): string {
  try {
    return createRequire(join(directory, 'program.js')).resolve(module);
  } catch (error) {
    throw new Error(`${directory}: ${module} is not installed there; run npm install first`, { cause: error });
  }
}
