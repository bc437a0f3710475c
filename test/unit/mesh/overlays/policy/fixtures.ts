import { evaluator, readPolicy, type Answer, type Evaluator, type Policy, type World } from '../../../../../mesh/overlays/tailscale/policy/index.ts'; // prettier-ignore

/** Two app servers, one database and a router as members, a host and the LAN behind it, three people. */
export function world(more: Partial<World> = {}): World {
  return {
    nodes: [
      { name: 'app-1', tags: ['tag:app'], addresses: [] },
      { name: 'app-2', tags: ['tag:app'], addresses: ['100.64.0.2', 'fd7a:115c:a1e0::2'] },
      { name: 'db-1', tags: ['tag:db'], addresses: ['100.64.0.3', 'fd7a:115c:a1e0::3'] },
      { name: 'edge-1', tags: ['tag:router'], addresses: ['100.64.0.4'], routes: ['10.77.10.0/24', 'fd00:77::/64'] },
      { name: 'laptop', tags: [], user: 'ada@example.com', addresses: ['100.64.0.9'] },
    ],
    people: [{ login: 'ada@example.com', admin: true }, { login: 'linus@example.com' }, { login: 'grace@other.org' }],
    lanHosts: [
      { name: 'nas-1', site: 'eu-fra', addresses: ['10.77.10.20', 'fd00:77::20'] },
      { name: 'printer', site: 'eu-fra', addresses: ['10.77.10.30'] },
    ],
    lans: [{ site: 'eu-fra', cidrs: ['10.77.10.0/24', 'fd00:77::/64'] }],
    ...more,
  };
}

/** Names that most tests need, besides what a test is about. */
const NAMES = {
  groups: { 'group:dev': ['ada@example.com', 'linus@example.com'], 'group:sre': ['grace@other.org'] },
  tagOwners: { 'tag:app': [], 'tag:db': [], 'tag:router': [], 'tag:new': ['group:sre'] },
  hosts: { 'nas-1': '10.77.10.20', 'nas-1-v6': 'fd00:77::20', 'lan-fra': '10.77.10.0/24' },
};

export const text = (sections: Record<string, unknown>): string => JSON.stringify({ ...NAMES, ...sections });

export const policy = (sections: Record<string, unknown>): Policy => readPolicy(text(sections)).policy;

/** A policy of these grants. */
export const granted = (...grants: Record<string, unknown>[]): Policy => policy({ grants });

/** Asks one policy as `ask('app-1', 'db-1', 'tcp/5432')`. */
export function asking(of: Policy, around: World = world()): (from: string, to: string, on: string) => Answer {
  const judge: Evaluator = evaluator(of, around);
  return (from, to, on) => {
    const [protocol = '', port] = on.split('/');
    return judge.ask({ from, to, protocol, ...(port !== undefined && { port: Number(port) }) });
  };
}

/** Just yes or no. */
export const allows = (of: Policy, from: string, to: string, on: string, around: World = world()): boolean =>
  asking(of, around)(from, to, on).allowed;
