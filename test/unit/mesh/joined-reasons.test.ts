import { expect, test } from 'vitest';
import { planMesh } from '../../../mesh/plan/index.ts';
import type { MeshPlan } from '../../../mesh/plan/types.ts';
import { NOW } from '../../now.ts';
import { accepted, wideRaw } from './fixtures.ts';

const plan = (raw: Record<string, unknown>): MeshPlan => planMesh(accepted(raw), { stack: 'test', now: NOW });

test('each thing that a joined test accepts has the reason of the rule that gives it, by whatever name it is given', () => {
  const { joined, reasons } = plan(wideRaw()).policy;
  const accepts = joined.flatMap(({ src, proto, accept }) => accept.map((target) => `${src} ${proto} ${target}`));
  expect(accepts.length).toBeGreaterThan(3);
  expect(Object.keys(reasons)).toEqual(accepts.toSorted());
  expect(reasons).toMatchObject({
    'tag:site-ap-sin tcp fra-db-01:5432': 'reads the primary',
    // The rule names the site; the nodes carry the role too.
    'tag:app tcp fra-db-01:5432': 'reads the primary',
    'group:sre tcp tag:app:8443': 'served to New York',
  });
});

test('a member of an existing site is asked about because we bring it in; one that nobody logs in to is refused as a member', () => {
  const raw = wideRaw();
  const gra = raw.sites['eu-gra'];
  const joining = (ssh: boolean) => {
    const host = { name: 'gra-app-01', lan: '10.77.40.30', roles: ['cache'], member: true };
    const key = gra.routers[0]?.ssh.hostKey;
    const hosts = [...gra.hosts, { ...host, ...(ssh && { ssh: { host: '198.51.100.40', hostKey: key } }) }];
    const access = [...raw.access, { from: ['role:cache'], to: 'postgres', why: 'fills the cache' }];
    return plan({ ...raw, sites: { ...raw.sites, 'eu-gra': { ...gra, hosts } }, access }).policy;
  };
  expect(JSON.stringify(joining(true).joined)).toContain('tag:cache');
  expect(joining(true).text).toContain('tag:cache');
  expect(() => joining(false)).toThrow(/ssh/);
});
