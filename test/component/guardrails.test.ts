import type { Policies } from '@pulumi/policy';
import { beforeAll, describe, expect, test } from 'vitest';
import { ownExceptions } from '../../policies/exceptions.ts';
import { guardrails } from '../../policies/policies.ts';
import { ask, askStack, isStackPolicy, UNKNOWN, type Asked } from '../unit/policies/ask.ts';
import { tampered } from './order.ts';
import { Secret, type Recording, type Registration } from './record.ts';
import { recordProd, recordStaging } from './staging.ts';

/** What the engine would hand to the pack: secrets in plain, what is not known as the mark for it. */
function plain(value: unknown): unknown {
  if (value instanceof Secret) return plain(value.value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ((value as { kind?: unknown }).kind === 'unknown') return UNKNOWN;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

function asked(recording: Recording): Asked[] {
  const byUrn = new Map(recording.resources.map((one) => [one.urn, one]));
  const above = (one: Registration): string[] => {
    const parent = byUrn.get(one.parent);
    return parent === undefined ? [] : [...above(parent), `${parent.type} ${parent.name}`];
  };
  return recording.resources.map((one) => ({
    type: one.type,
    name: one.name,
    props: plain(one.inputs) as Record<string, unknown>,
    protect: one.protect,
    provider: one.provider,
    under: above(one),
    from: one.propertyDependencies,
  }));
}

async function judged(
  policies: Policies,
  stack: string,
  recording: Recording,
): Promise<{ refused: string[]; unknown: string[] }> {
  const all = asked(recording);
  const refused: string[] = [];
  const unknown: string[] = [];
  for (const policy of policies) {
    const about = { stack, config: (ownExceptions()[policy.name] ?? {}) as object };
    if (isStackPolicy(policy)) {
      const verdict = await askStack(policy, all, about);
      refused.push(...verdict.refused.map((message) => `${policy.name} ${message}`));
      if (verdict.unknown !== undefined) unknown.push(`${policy.name} ${verdict.unknown}`);
      continue;
    }
    for (const one of all) {
      const verdict = await ask(policy, one, about);
      refused.push(...verdict.refused.map((message) => `${policy.name} ${one.type} ${String(one.name)} ${message}`));
      if (verdict.unknown !== undefined)
        unknown.push(`${policy.name} ${one.type} ${String(one.name)} ${verdict.unknown}`);
    }
  }
  return { refused, unknown };
}

let prod: Recording;
let staging: Recording;
beforeAll(async () => {
  prod = await recordProd();
  staging = await recordStaging();
});

describe('the checked-in stacks', () => {
  test('pass every guardrail', async () => {
    expect(await judged(guardrails, 'prod', prod)).toEqual({ refused: [], unknown: [] });
    expect(await judged(guardrails, 'staging', staging)).toEqual({ refused: [], unknown: [] });
  });

  test('pass in a preview in which nothing is known, and little of them cannot be judged there', async () => {
    const { refused, unknown } = await judged(guardrails, 'prod', await recordProd({ preview: true }));
    expect(refused).toEqual([]);
    for (const one of unknown) expect(one).toMatch(/^commands .* \.connection/);
  });

  test('as another stack than they say they are do not', async () => {
    const { refused } = await judged(guardrails, 'other', prod);
    expect(refused.length).toBeGreaterThan(10);
    for (const one of refused) expect(one).toMatch(/^labels .*(env is not the name of the stack)/);
  });
});

describe('one thing changed in production is found by one guardrail', () => {
  const firewall = { type: 'hcloud:index/firewall:Firewall', name: 'eu-fra-routers' };
  const server = { type: 'hcloud:index/server:Server', name: 'fra-db-01' };
  const inputs = (change: Record<string, unknown>) => (one: Registration) => ({ inputs: { ...one.inputs, ...change } });
  const rule = (protocol: string, port: string) => ({ direction: 'in', protocol, port, sourceIps: ['0.0.0.0/0'] });

  test.each<[string, { type: string; name: string }, (one: Registration) => Partial<Registration>]>([
    ['world-open-only-wireguard', firewall, inputs({ rules: [rule('udp', '9993')] })],
    ['host-firewall', firewall, inputs({ applyTos: [{ labelSelector: 'site=eu-hel' }] })],
    ['host-firewall', server, inputs({ labels: { owner: 'acme', env: 'prod', role: 'host', 'managed-by': 'x' } })],
    [
      'tailnet-policy-tested',
      { type: 'mesh:index:TailnetPolicy', name: 'acme' },
      inputs({ text: '{"grants":[{"src":["tag:a"],"dst":["tag:b"],"ip":["22"]}]}' }),
    ],
    ['auth-keys', { type: 'mesh:index:TailnetNode', name: 'fra-edge-01' }, inputs({ keySeconds: 100_000 })],
    ['prod-protected', server, () => ({ protect: false })],
    ['prod-backups', server, inputs({ backups: false })],
    ['disjoint-prefixes', { type: 'digitalocean:index/vpc:Vpc', name: 'ap-sin' }, inputs({ ipRange: '10.77.10.0/25' })],
    [
      'disjoint-prefixes',
      { type: 'mesh:index:TailnetNode', name: 'nyc-edge-01' },
      inputs({ advertiseRoutes: ['10.77.40.0/24'] }),
    ],
    [
      'labels',
      { type: 'digitalocean:index/droplet:Droplet', name: 'sin-app-01' },
      (one) => ({
        inputs: { ...one.inputs, tags: (one.inputs.tags as string[]).filter((tag) => !tag.startsWith('owner:')) },
      }),
    ],
    [
      'commands',
      { type: 'command:remote:Command', name: 'nyc-edge-01.journal-limit' },
      inputs({ logging: 'stdoutAndStderr' }),
    ],
  ])('%s', async (name, which, change) => {
    const { refused } = await judged(guardrails, 'prod', tampered(prod, which, change));
    expect(refused.length).toBeGreaterThan(0);
    for (const one of refused) expect(one).toMatch(new RegExp(`^${name} `));
  });

  test('SSH for the world, by two: it is also open', async () => {
    const found = await judged(guardrails, 'prod', tampered(prod, firewall, inputs({ rules: [rule('tcp', '22')] })));
    expect(found.refused.map((one) => one.split(' ')[0])).toEqual(['no-public-ssh', 'world-open-only-wireguard']);
  });
});
