import { UserError } from '../io/rpc/types.ts';
import type { Operation } from '../io/rpc/types.ts';
import type { HostTool, StageRequest } from '../io/ssh/host-tool.ts';
import { refusalLines, touched } from '../mesh/host/preflight.ts';

/**
 * Looks at a machine that was there before us, before a first release.
 * @throws UserError that lists everything that stands in the way, each with its choices; nothing was changed then.
 */
export async function inspect(
  op: Operation,
  tool: HostTool,
  { name, request }: { name: string; request: StageRequest },
): Promise<void> {
  op.status('looking at what is on the machine');
  const found = await tool.preflight(request);
  const refusals = refusalLines(found);
  if (refusals.length > 0) {
    throw new UserError(
      `${name} was there before us, and it cannot be taken as it is. Nothing was changed on it.\n${indented(refusals)}\nAll that a release would touch there: mesh preflight STACK ${name}`,
    );
  }
  // Under a release of ours there is nothing to tell that was not told then.
  if (!found.first) return;
  for (const { what, detail } of found.findings) op.log('warning', `${name}: ${what}: ${detail}`);
  op.log('info', `${name} was there before us: ${touched(found)}. A destroy puts back what was there.`);
}

const indented = (lines: string[]): string => lines.map((line) => `  ${line}`).join('\n');
