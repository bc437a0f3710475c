import { aboutDevices } from './about/devices.ts';
import { aboutHosts } from './about/hosts.ts';
import { aboutRoutes } from './about/routes.ts';
import type { Remarks } from './remarker.ts';
import type { Facts } from './types.ts';
import type { View } from './view.ts';

/** What somebody has to know, worst first: who carries what, then hosts, then what is merely not as planned. */
export function remarks(view: View, facts: Facts): Remarks {
  const parts = [aboutRoutes(view, facts), aboutHosts(view, facts), aboutDevices(view, facts)];
  return { problems: parts.flatMap(({ problems }) => problems), notes: parts.flatMap(({ notes }) => notes) };
}
