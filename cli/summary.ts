import { z } from 'zod';
import { readConfig } from '../lab/api/config.ts';
import { unexecuted } from '../lab/control.ts';
import type { Unexecuted } from '../lab/types.ts';
import type { MeshPlan } from '../mesh/plan/types.ts';
import { CliError, EXIT } from './exit.ts';
import { runPulumi } from './pulumi.ts';
import type { PreparedLab } from './lab/prepare.ts';

/** The stack's output `hosts`, made by index.ts. */
const hostOutput = z.object({
  name: z.string(),
  site: z.string(),
  kind: z.enum(['router', 'member', 'host']),
  publicAddress: z.string(),
  lan: z.string(),
  tailnetAddresses: z.array(z.string()),
  release: z.string(),
});
export type HostOutput = z.infer<typeof hostOutput>;

export interface Summary {
  stack: string;
  plan: MeshPlan;
  hosts: HostOutput[];
  unexecuted: Unexecuted[];
  labDir: string;
  /** What the lab's hosts are. */
  compute: 'records' | 'machines';
}

/** What the engine recorded and what the lab did not execute. Throws CliError when the engine does not answer. */
export async function readSummary(lab: PreparedLab, stack: string): Promise<Summary> {
  const run = await runPulumi(['stack', 'output', '--json'], { cli: lab.cli, env: lab.env });
  if (run.code !== 0) throw new CliError(EXIT.failed, `the stack's outputs cannot be read: ${run.stderr.trim()}`);
  const outputs = z.object({ hosts: z.array(hostOutput) }).parse(JSON.parse(run.stdout));
  return {
    stack,
    plan: lab.plan,
    hosts: outputs.hosts,
    unexecuted: (await unexecuted(lab.labDir)).filter(({ host }) => outputs.hosts.some(({ name }) => name === host)),
    labDir: lab.labDir,
    compute: readConfig(lab.labDir)?.compute ?? 'records',
  };
}
