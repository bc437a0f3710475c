import { describe, expect, test } from 'vitest';
import { severed } from '../../../../mesh/overlays/tailscale/lifelines.ts';
import { planMesh } from '../../../../mesh/plan/index.ts';
import { NOW } from '../../../now.ts';
import { accepted, validRaw, wideRaw } from '../fixtures.ts';

const planned = (breakGlass?: { group: string; service: string }) => {
  const raw = wideRaw();
  return planMesh(accepted({ ...raw, tailnet: { ...raw.tailnet, ...(breakGlass && { breakGlass }) } }), {
    stack: 'test',
    now: NOW,
  }).policy;
};

describe('what the service is asked after a push', () => {
  test('is the break-glass service on members by tag, once a node carries it, and on LAN hosts by alias, at once', () => {
    const raw = validRaw();
    const policy = planMesh(
      accepted({
        ...raw,
        tailnet: { ...raw.tailnet, breakGlass: { group: 'sre', service: 'ssh' } },
        services: { ...raw.services, ssh: { on: ['role:router', 'fra-db-01'], ports: ['tcp/22', 'tcp/2200-2210'] } },
      }),
      { stack: 'test', now: NOW },
    ).policy;
    expect(policy.lifelines.tests).toEqual([
      { src: 'group:sre', proto: 'tcp', accept: ['fra-db-01:22', 'fra-db-01:2200', 'fra-db-01:2210'], needs: [] },
      {
        src: 'group:sre',
        proto: 'tcp',
        accept: ['tag:router:22', 'tag:router:2200', 'tag:router:2210'],
        needs: ['tag:router'],
      },
    ]);
  });

  test('is nothing without a break-glass group', () => {
    expect(planned().lifelines.tests).toEqual([]);
    expect(planned({ group: 'sre', service: 'ssh' }).lifelines.tests).not.toEqual([]);
  });
});

describe('what the deploying side needs', () => {
  test('is in every policy of ours: every tag of every node is owned, every prefix has an approver', () => {
    const { text, lifelines } = planned();
    expect(lifelines.tags).toContain('tag:router-eu-fra');
    expect(lifelines.routes.map(({ prefix }) => prefix)).toEqual(['10.77.10.0/24', '10.77.30.0/24', '10.77.40.0/24']);
    expect(severed(text, lifelines)).toEqual([]);
  });

  test('control: each part that is taken out of it is missed, by its path', () => {
    const { text, lifelines } = planned();
    const cut = (part: RegExp): string[] => severed(text.replace(part, ''), lifelines);
    expect(cut(/\n[^\n]*"tag:site-ap-sin": +\["tag:iac"\],/)).toEqual([
      'tagOwners["tag:site-ap-sin"]: tag:iac does not own it, so no host could join with it',
    ]);
    expect(cut(/\n[^\n]*"10.77.30.0\/24": +\[[^\]]*\],/)).toEqual([
      'autoApprovers.routes["10.77.30.0/24"]: names no tag of the routers that advertise it',
    ]);
    expect(cut(/\n[^\n]*"tag:iac": +\[[^\]]*\],/)).toEqual([
      'tagOwners["tag:iac"]: the tag of the deploying credential has no owner',
    ]);
    expect(severed('not a policy', lifelines)).toHaveLength(1 + lifelines.tags.length + lifelines.routes.length);
  });
});
