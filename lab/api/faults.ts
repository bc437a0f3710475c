import { FAULTS, RECORDS_ONLY, type FaultName, type Faults, type Store } from '../types.ts';

interface FaultRecord {
  fault: FaultName;
  target: string;
}

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}

/** Why hosts that are machines do not act out this fault, and what does; undefined: they do. */
export function notOnMachines(fault: FaultName): string | undefined {
  const instead = RECORDS_ONLY[fault];
  if (instead === undefined) return undefined;
  const there = Object.keys(FAULTS).filter((name) => isFaultName(name) && RECORDS_ONLY[name] === undefined);
  return `${fault} is acted out by hosts that are records, and this lab has machines; here there are ${there.sort().join(', ')}. What comes nearest: ${instead}. Real faults are made with mesh lab kill, mesh lab cut and mesh lab link`;
}

/** Faults that survive a restart of the lab: they live in the journal and go with a reset. */
export function createFaults(store: Store): Faults {
  const records = store.collection<FaultRecord>('faults');
  const key = (fault: FaultName, target: string) => `${fault} ${target}`;
  return {
    hits: (fault, target) =>
      records.get(key(fault, target)) !== undefined || records.get(key(fault, '*')) !== undefined,
    set: (fault, target) => records.put(key(fault, target), { fault, target }),
    clear: (fault) => {
      for (const record of records.all()) {
        if (fault === undefined || record.fault === fault) records.delete(key(record.fault, record.target));
      }
    },
    list: () => records.all(),
  };
}
