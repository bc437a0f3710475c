import { readConfig } from '../../lab/api/config.ts';
import { planNow } from '../plan-now.ts';
import type { MeshPlan } from '../../mesh/plan/types.ts';
import { engine } from '../engine.ts';
import { prepareLab, type PreparedLab } from '../lab/prepare.ts';
import { meshConfig } from '../mesh-config.ts';
import type { KeySource } from '../preflight/keys.ts';
import type { Progress } from '../progress.ts';
import { readStackFile, type StackFile } from '../stack-file.ts';

/** A stack's plan, and how its credentials and its state are read. */
export interface Reach extends KeySource {
  plan: MeshPlan;
  file: StackFile;
  /** What the hosts of the lab are; absent outside of it. */
  lab?: 'records' | 'machines';
}

/** The stack of the backend that `pulumi` in this shell would use; the engine is made available when something is asked of it. */
export function outside(stack: string, progress: Progress): Reach {
  const file = readStackFile(stack);
  const plan = planNow(meshConfig(file), stack);
  let found: Promise<string> | undefined;
  const cli = (): Promise<string> => (found ??= engine(progress).then((one) => one.cli));
  return { stack, plan, file, from: plan.credentials.from, environment: process.env, cli };
}

/** The lab's, which is started when it is not up: it lays its own addresses, host keys and credentials over the tracked file. */
export async function inLab(stack: string, progress: Progress): Promise<Reach> {
  return ofLab(stack, await prepareLab(stack, progress));
}

/** The same of a lab that is ready. */
export function ofLab(stack: string, { labDir, cli, env }: PreparedLab): Reach {
  const file = readStackFile(stack, labDir);
  const plan = planNow(meshConfig(file), stack);
  const lab = readConfig(labDir)?.compute ?? 'records';
  return { stack, plan, file, from: 'stack', environment: env, cli: () => Promise.resolve(cli), lab };
}
