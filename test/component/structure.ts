import type { Recording } from './record.ts';

/** What is wrong with how a program builds its tree; empty when every child has a component above it and every component is complete. */
export function structureFaults({ resources, completed }: Recording): string[] {
  const byUrn = new Map(resources.map((one) => [one.urn, one]));
  return resources.flatMap((one) => {
    const label = `${one.type} ${one.name}`;
    const faults: string[] = [];
    const parent = byUrn.get(one.parent);
    if (!one.custom) {
      if (Object.keys(completed.get(one.urn) ?? {}).length === 0) faults.push(`${label} registered no outputs`);
      if (one.parent !== '' && (!parent || parent.custom)) faults.push(`${label} has no component above it`);
    } else if (!one.type.startsWith('pulumi:providers:')) {
      if (!parent || parent.custom) faults.push(`${label} has no component above it`);
      if (one.provider === '') faults.push(`${label} has no explicit provider`);
    }
    return faults;
  });
}
