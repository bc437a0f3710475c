import type { Compute, ServerView } from '../../types.ts';
import { Project, type HetznerDeps } from './project.ts';
import type { ServerRecord } from './records.ts';

/** The servers of all projects, as the jump host and the hosts' driver see them. */
export function createCompute(deps: HetznerDeps): Compute {
  const projects = deps.tenants.map((tenant) => new Project(tenant.name, deps));
  const view = (project: Project, server: ServerRecord): ServerView => {
    const running = project.status(server) === 'running';
    const boot = project.boots.get(String(server.id));
    const ip = server.ipv4 === null ? undefined : project.primaryIps.get(String(server.ipv4));
    return {
      id: `hetzner-${server.id}`,
      name: server.name,
      publicAddress: ip?.ip ?? '',
      userData: boot?.userData ?? '',
      authorizedKeys: boot?.authorizedKeys ?? [],
      running,
      ...(running ? { bootedAt: server.power.at } : {}),
    };
  };
  const all = () => projects.flatMap((project) => project.servers.all().map((server) => view(project, server)));
  return {
    all,
    byPublicAddress: (address) =>
      all().find((server) => server.publicAddress !== '' && server.publicAddress === address),
  };
}
