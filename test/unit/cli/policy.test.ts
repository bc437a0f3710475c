import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readable } from '../../../cli/access/held.ts';
import { meshConfig } from '../../../cli/mesh-config.ts';
import { adopted } from '../../../cli/policy/adoption.ts';
import { recordedPolicy } from '../../../cli/policy/restore.ts';
import type { State } from '../../../cli/recover/state.ts';
import { renderAdopted } from '../../../cli/render/adopted.ts';
import { readStackFile } from '../../../cli/stack-file.ts';

const staging = readStackFile('staging');
const told = (text: string, takeOver?: string) => {
  const answer = adopted(staging, meshConfig(staging), readable('a policy', text, 'taken'), takeOver);
  return { answer, text: renderAdopted(answer, 'Pulumi.staging.yaml') };
};
const policy = (dst: string): string => `{
  "groups": { "group:office": ["joan@example.com"] },
  "tagOwners": { "tag:app": ["group:office"], "tag:kiosk": [] },
  "grants": [
    // the office looks: "live" # numbers
    { "src": ["group:office"], "dst": ["${dst}"], "ip": ["tcp:8443"] },
  ],
}`;

describe('what adopt prints', () => {
  test('is YAML as a whole, with additions only, one line an entry', () => {
    const { text } = told(policy('tag:app'));
    expect(parse(text)).toEqual({
      config: {
        'site-mesh:groups': { office: ['joan@example.com'] },
        'site-mesh:services': { 'app-tcp-8443': { on: ['role:app'], ports: ['tcp/8443'] } },
        'site-mesh:access': [{ from: ['group:office'], to: 'app-tcp-8443', why: 'the office looks: "live" # numbers' }],
      },
    });
    expect(text).toContain('\n    - { from: [');
    expect(text).toContain('# All of it is said by intents.');
    expect(text).toContain('tag:app (group:office)');
  });

  test('says who would gain beyond the adopted policy: the stack’s own intents, and nobody loses', () => {
    const { answer } = told(policy('tag:app'));
    if (!('changes' in answer.outcome)) throw new Error(answer.outcome.faults);
    expect(answer.outcome.changes.join('\n')).toContain('tcp/5432');
    expect(answer.outcome.changes.join('\n')).not.toMatch(/ loses? .*8443/);
  });

  test('says what is still missing when the stack file would be refused', () => {
    const { text } = told(policy('tag:kiosk'));
    expect(parse(text)).toHaveProperty('config');
    expect(text).toContain('# With this in it the stack file has faults still');
    expect(text).toContain('is a role that no host has');
    expect(text).toContain('give the hosts that carry tag:kiosk roles: [kiosk]');
  });

  test('has the consent only when it is asked for, beside what the tailnet section says already', () => {
    expect(told(policy('tag:app')).text).not.toContain('takeOver');
    const etag = 'ab'.repeat(32);
    expect(parse(told(policy('tag:app'), etag).text)).toHaveProperty(['config', 'site-mesh:tailnet'], {
      name: 'acme-staging',
      breakGlass: { group: 'sre', service: 'ssh' },
      takeOver: etag,
    });
  });
});

describe('the policy that restore puts back', () => {
  const state = (outputs: Record<string, unknown>, more = {}): State => ({
    deployment: {
      resources: [{ urn: 'urn:p', type: 'mesh:index:TailnetPolicy', id: 'tailnet-policy', outputs, ...more }],
    },
  });

  test('is the last one that was found good', () => {
    expect(recordedPolicy(state({ text: 'good', etag: 'e1', checked: 'e1' }), 'prod')).toBe('good');
    const refreshed = { text: 'pushed by a killed run', etag: 'e2', checked: 'e1', former: 'good' };
    expect(recordedPolicy(state(refreshed), 'prod')).toBe('good');
  });

  test('is none where the state has none, and the message says the way out', () => {
    expect(() => recordedPolicy({ deployment: { resources: [] } }, 'prod')).toThrow('mesh policy restore prod --file');
    expect(() => recordedPolicy(state({ text: 'gone', etag: 'e', checked: 'e' }, { delete: true }), 'prod')).toThrow(
      'has no policy to put back',
    );
  });
});
