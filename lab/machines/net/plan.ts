import { INTERNET, type World } from '../types.ts';
import { edge } from './edge.ts';
import { machineNamespace } from './guest.ts';
import { internet } from './internet.ts';
import type { Layout } from './layout.ts';
import { network } from './networks.ts';

/** What the kernel shall have for this world. A machine that is off has no namespace: nothing of it can answer. */
export function layoutOf(world: World): Layout {
  const border = edge(world, INTERNET.jump);
  const networks = world.networks.map((one) => network(world, one));
  return {
    namespaces: [
      internet(world),
      border.namespace,
      ...networks.map(({ namespace }) => namespace),
      ...world.machines
        .filter(({ running }) => running)
        .map((machine) => machineNamespace(world.lab, machine, world.networks)),
    ],
    cables: [...border.cables, ...networks.flatMap(({ cables }) => cables)],
  };
}
