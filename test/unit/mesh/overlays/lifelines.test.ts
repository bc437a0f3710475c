import { describe, expect, test } from 'vitest';
import { lifelines, severed } from '../../../../mesh/overlays/tailscale/lifelines.ts';
import { planMesh } from '../../../../mesh/plan/index.ts';
import { NOW } from '../../../now.ts';
import { accepted, validRaw, wideRaw } from '../fixtures.ts';
import { group, node, onLan, role, rule, tool } from './rules.ts';

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

describe('lifelines', () => {
  test('are tags, prefixes and questions in an order of their own, each once', () => {
    const nodes = [
      { tags: ['tag:router', 'tag:site-b', 'tag:db'], advertises: ['10.2.0.0/24', '10.1.0.0/24'] },
      { tags: ['tag:db', 'tag:router', 'tag:site-b'], advertises: ['10.2.0.0/24'] },
      { tags: ['tag:app'], advertises: [] },
    ];
    const rules = [
      rule([tool('bastion'), group('sre')], [role('db'), onLan('nas', 'b')], ['udp/60-61', 'tcp/22', 'tcp/22-23']),
      rule([group('sre')], [node('db-1'), role('db')], ['tcp/22', 'tcp/22-23', 'udp/60-61']),
    ];
    const tags = ['tag:db', 'tag:router', 'tag:site-b'];
    const asked = (src: string, target: string, needs: string[], ...numbers: string[]) => {
      const proto = numbers.includes('60') ? 'udp' : 'tcp';
      return { src, proto, accept: numbers.map((number) => `${target}:${number}`), needs };
    };
    expect(lifelines('tag:iac', nodes, rules)).toEqual({
      ownerTag: 'tag:iac',
      tags: ['tag:app', ...tags],
      routes: [
        { prefix: '10.1.0.0/24', tags },
        { prefix: '10.2.0.0/24', tags },
      ],
      tests: [
        asked('group:sre', 'nas', [], '22', '23'),
        asked('group:sre', 'tag:db', ['tag:db'], '22', '23'),
        asked('group:sre', 'tag:host-db-1', ['tag:host-db-1'], '22', '23'),
        asked('group:sre', 'nas', [], '60', '61'),
        asked('group:sre', 'tag:db', ['tag:db'], '60', '61'),
        asked('group:sre', 'tag:host-db-1', ['tag:host-db-1'], '60', '61'),
        asked('tag:tool-bastion', 'nas', ['tag:tool-bastion'], '22', '23'),
        asked('tag:tool-bastion', 'tag:db', ['tag:tool-bastion', 'tag:db'], '22', '23'),
        asked('tag:tool-bastion', 'nas', ['tag:tool-bastion'], '60', '61'),
        asked('tag:tool-bastion', 'tag:db', ['tag:tool-bastion', 'tag:db'], '60', '61'),
      ],
    });
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
