import { sshHosts } from '../../provider/hosts.ts';
import { readTool } from '../../provider/tool-source.ts';
import { renderStatus } from '../render/status.ts';
import { look } from '../status/collect.ts';
import { reportOf } from '../status/report.ts';
import { fails, type Scene } from './scene.ts';

/** Who carries which prefix: "mesh status", as at night. */
export async function carriers({ stack, say, signal }: Scene): Promise<void> {
  say.step(
    'Who carries what',
    'Two routers for each site: the primary carries the prefix and holds the address that its LAN answers to, the standby',
    'waits. This is "mesh status", which asks the tailnet and every host.',
  );
  const report = reportOf(await look({ ...stack, hosts: sshHosts(readTool) }, { signal }));
  say.block(renderStatus(report));
  if (!report.well) fails('not all is well right after an up');
}

/** The router that carries a site now, and its partner. */
export async function pairOf({ stack, signal }: Scene, site: string): Promise<{ active: string; standby: string }> {
  const report = reportOf(await look({ ...stack, hosts: sshHosts(readTool) }, { signal, site }));
  const found = report.sites.find(({ name }) => name === site);
  const active = found?.prefixes[0]?.primary;
  const standby = found?.hosts.find(({ kind, name }) => kind === 'router' && name !== active)?.name;
  return active === undefined || active === null || standby === undefined
    ? fails(`nobody carries ${site}`)
    : { active, standby };
}
