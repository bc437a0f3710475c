import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const metadata = z.object({
  op: z.string(),
  urn: z.string(),
  type: z.string(),
  detailedDiff: z.record(z.string(), z.object({ diffKind: z.string() }).loose()).nullish(),
});
const event = z.object({
  sequence: z.number(),
  resourcePreEvent: z.object({ metadata }).optional(),
  resOutputsEvent: z.object({ metadata }).optional(),
  resOpFailedEvent: z.object({ metadata }).optional(),
  diagnosticEvent: z
    .object({
      urn: z.string().optional(),
      message: z.string(),
      severity: z.string(),
      ephemeral: z.boolean().optional(),
    })
    .optional(),
  policyEvent: z
    .object({ policyName: z.string(), message: z.string(), enforcementLevel: z.string() })
    .loose()
    .optional(),
  summaryEvent: z
    .object({ resourceChanges: z.record(z.string(), z.number()) })
    .loose()
    .optional(),
});
export type EngineEvent = z.infer<typeof event>;

/** The engine's own record of a run: one JSON event a line. */
export async function readEvents(path: string): Promise<EngineEvent[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => event.parse(JSON.parse(line)));
}

export interface Step {
  op: string;
  type: string;
  name: string;
  /** Position of its start and of its end among all events; end is undefined when it never ended. */
  start: number;
  end?: number;
  failed: boolean;
  paths: string[];
}

/** Steps in the order in which they began. */
export function steps(events: readonly EngineEvent[]): Step[] {
  const found: Step[] = [];
  events.forEach((entry, position) => {
    if (entry.resourcePreEvent !== undefined) {
      const { op, type, urn, detailedDiff } = entry.resourcePreEvent.metadata;
      found.push({
        op,
        type,
        name: urn.split('::').at(-1) ?? '',
        start: position,
        failed: false,
        paths: Object.keys(detailedDiff ?? {}),
      });
      return;
    }
    const ended = entry.resOutputsEvent ?? entry.resOpFailedEvent;
    if (ended === undefined) return;
    const name = ended.metadata.urn.split('::').at(-1);
    const step = found.findLast(
      (one) => one.name === name && one.type === ended.metadata.type && one.op === ended.metadata.op,
    );
    if (step === undefined) return;
    step.end = position;
    step.failed = entry.resOpFailedEvent !== undefined;
  });
  return found;
}

/** Steps that change something. */
export function changes(events: readonly EngineEvent[]): Step[] {
  return steps(events).filter((step) => !['same', 'read', 'refresh'].includes(step.op));
}

/** What a run changed, as `op Type name`, sorted. */
export function touched(events: readonly EngineEvent[]): string[] {
  return changes(events)
    .map(({ op, type, name }) => `${op} ${type.split(':').at(-1) ?? ''} ${name}`)
    .sort();
}

export function diagnostics(events: readonly EngineEvent[], severity: string): string[] {
  return events.flatMap((entry) =>
    entry.diagnosticEvent?.severity === severity && entry.diagnosticEvent.ephemeral !== true
      ? [entry.diagnosticEvent.message]
      : [],
  );
}
