import { z } from 'zod';
import { CliError, EXIT } from '../exit.ts';
import { Target } from '../recover/target.ts';
import type { Reach } from './reach.ts';

/** What the last up recorded of a host (components/mesh.ts, HostOutput). */
const recorded = z.object({
  name: z.string(),
  site: z.string(),
  publicAddress: z.string(),
  lan: z.string(),
  tailnetAddresses: z.array(z.string()),
  release: z.string(),
  hostKey: z.string(),
});
const outputs = z.object({ hosts: z.array(recorded).default([]) });

export type RecordedHost = z.infer<typeof recorded>;

/** The hosts that the stack's state has; none before the first up. Throws CliError when the backend cannot be read. */
export async function recordedHosts(reach: Reach): Promise<RecordedHost[]> {
  const target = new Target(reach.file, await reach.cli(), reach.environment);
  const { stdout } = await target.must(['stack', 'output', '--json'], `what stack ${reach.stack} has recorded`);
  return parseOutputs(stdout, reach.stack);
}

export function parseOutputs(text: string, stack: string): RecordedHost[] {
  const found = outputs.safeParse(JSON.parse(text));
  if (found.success) return found.data.hosts;
  const where = found.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw new CliError(
    EXIT.failed,
    `the outputs of stack ${stack} are not those of this program (at: ${where}). An up that ends well records them: pulumi up`,
  );
}
