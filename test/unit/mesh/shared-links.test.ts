import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { NamedConfig } from '../../../mesh/config/checks/across.ts';
import { tailnetOf, type OtherStack, type TailnetAnswer } from '../../../mesh/config/shared.ts';
import { credentialNeeds, credentials } from '../../../mesh/config/credentials.ts';
import { otherStack } from '../../../mesh/config/stack-text.ts';
import { parseConfig } from '../../../mesh/config/index.ts';
import { accepted, validRaw } from './fixtures.ts';

type Tailnet = Record<string, unknown>;

/** Stacks that are valid by themselves, each in a supernet of its own, by their `tailnet`. */
function stacks(tailnets: Record<string, Tailnet>): Map<string, NamedConfig> {
  return new Map(
    Object.entries(tailnets).map(([stack, tailnet], index) => {
      const raw = JSON.parse(JSON.stringify(validRaw()).replaceAll('10.77.', `10.${77 + index}.`)) as object;
      return [stack, { stack, config: accepted({ ...raw, tailnet: { name: 'acme', ...tailnet } }) }];
    }),
  );
}

/** What each stack is answered, from its own side. */
function answers(tailnets: Record<string, Tailnet>, unread: Record<string, OtherStack> = {}): TailnetAnswer[] {
  const all = stacks(tailnets);
  const read = (stack: string): OtherStack =>
    all.get(stack) ?? unread[stack] ?? { problem: 'has no file', remedy: 'name another' };
  return [...all.values()].map((self) => tailnetOf(self, read));
}

/** What all of them together are told. */
const told = (tailnets: Record<string, Tailnet>, unread?: Record<string, OtherStack>): string[] => {
  const faults = answers(tailnets, unread).flatMap((answer) => (answer.ok ? [] : answer.faults));
  const lines = faults.map(({ stack, path, value, problem }) => `${stack} ${path} ${value}: ${problem}`);
  return [...new Set(lines)].sort();
};

describe('a shared tailnet', () => {
  test('is the same for each of its stacks, in whatever order they are listed', () => {
    const all = { prod: { with: ['test', 'dev'] }, dev: { owner: 'prod' }, test: { owner: 'prod' } };
    for (const answer of [...answers(all), ...answers({ ...all, prod: { with: ['dev', 'test'] } })]) {
      expect(answer).toMatchObject({ ok: true, tailnet: { owner: 'prod' } });
      if (answer.ok) expect(answer.tailnet?.stacks.map(({ stack }) => stack)).toEqual(['dev', 'prod', 'test']);
    }
  });

  test('is no matter of a stack that has one of its own', () => {
    expect(answers({ prod: {} })).toEqual([{ ok: true }]);
  });

  const wrong: [string, Record<string, Tailnet>, string[]][] = [
    [
      'an owner that does not list the other',
      { prod: { with: ['dev'] }, dev: { owner: 'prod' }, staging: { owner: 'prod' } },
      ['staging tailnet.owner prod: does not list this stack: it lists dev'],
    ],
    [
      'an owner that shares with nobody',
      { prod: {}, staging: { owner: 'prod' } },
      ['staging tailnet.owner prod: does not list this stack: it shares its tailnet with nobody'],
    ],
    [
      'a stack that is listed and says nothing of it',
      { prod: { with: ['staging'] }, staging: { name: 'acme-staging' } },
      ['prod tailnet.with[0] staging: is listed here, but has tailnet acme-staging for itself'],
    ],
    [
      'two owners',
      { prod: { with: ['staging'] }, staging: { with: ['prod'] } },
      [
        'prod tailnet.with[0] staging: is listed here, but says with: prod too, so that both would own the policy',
        'staging tailnet.with[0] prod: is listed here, but says with: staging too, so that both would own the policy',
      ],
    ],
    [
      'a stack that names another owner',
      { prod: { with: ['staging'] }, staging: { owner: 'main' }, main: { with: ['staging'] } },
      ['prod tailnet.with[0] staging: is listed here, but says owner: main'],
    ],
    [
      'owners in a circle',
      { a: { owner: 'b' }, b: { owner: 'c' }, c: { owner: 'a' } },
      [
        'a tailnet.owner b: owns no policy: it says owner: c itself',
        'b tailnet.owner c: owns no policy: it says owner: a itself',
        'c tailnet.owner a: owns no policy: it says owner: b itself',
      ],
    ],
    [
      'two that name each other',
      { a: { owner: 'b' }, b: { owner: 'a' } },
      [
        'a tailnet.owner b: owns no policy: it says owner: a itself',
        'b tailnet.owner a: owns no policy: it says owner: b itself',
      ],
    ],
    ['itself as its owner', { prod: { owner: 'prod' } }, ['prod tailnet.owner prod: is this stack itself']],
    ['itself among the others', { prod: { with: ['prod'] } }, ['prod tailnet.with[0] prod: is this stack itself']],
    [
      'both keys',
      { prod: { with: ['staging'], owner: 'staging' }, staging: { owner: 'prod' } },
      [
        'prod tailnet.owner staging: owns no policy: it says owner: prod itself',
        'prod tailnet.owner staging: stands beside with: a stack owns the policy, or another one does',
        'staging tailnet.owner prod: owns no policy: it says owner: staging itself',
      ],
    ],
    [
      'another name of the tailnet',
      { prod: { with: ['staging'] }, staging: { name: 'acme-2', owner: 'prod' } },
      ['prod tailnet.with[0] staging: is in tailnet acme-2, and this stack in acme'],
    ],
    [
      'another control server',
      {
        prod: { with: ['staging'], loginServer: 'https://a.example' },
        staging: { owner: 'prod', loginServer: 'https://b.example' },
      },
      ['prod tailnet.with[0] staging: joins at https://b.example, and this stack at https://a.example'],
    ],
    [
      'the tailnet of whatever credential',
      { prod: { name: '-', with: ['staging'] }, staging: { name: '-', owner: 'prod' } },
      [
        'prod tailnet.name -: is the tailnet of whatever credential is used, which may be another one in each stack',
        'staging tailnet.name -: is the tailnet of whatever credential is used, which may be another one in each stack',
      ],
    ],
    ['a stack without a file', { prod: { with: ['staging'] } }, ['prod tailnet.with[0] staging: has no file']],
    ['an owner without a file', { staging: { owner: 'prod' } }, ['staging tailnet.owner prod: has no file']],
  ];
  test.each(wrong)('is refused with %s', (_what, all, faults) => {
    expect(told(all)).toEqual(faults);
  });

  test('is refused with a stack whose file has faults of its own, and says so', () => {
    const faulty = { dev: { problem: 'has 2 faults of its own', remedy: 'mesh check dev' } };
    expect(told({ prod: { with: ['dev'] } }, faulty)).toEqual(['prod tailnet.with[0] dev: has 2 faults of its own']);
  });

  test('is refused where a stack has a name that no tag can carry', () => {
    expect(told({ Main: { with: ['dev'] }, dev: { name: 'own' } }).join()).toContain(
      "shares a tailnet, where the stack's name stands in front of its tags, but Main is not the name of a stack",
    );
    for (const name of ['site-a', 'iac', 'Prod', 'a.b'])
      expect(parseConfig({ ...validRaw(), tailnet: { name: 'acme', owner: name } }).ok, name).toBe(false);
    expect(parseConfig({ ...validRaw(), tailnet: { name: 'acme', owner: 'sites' } }).ok).toBe(true);
  });

  test('is held to what no two stacks may share', () => {
    const [prod] = [...stacks({ prod: { with: ['staging'] } }).values()];
    const staging = { config: accepted({ ...validRaw(), tailnet: { name: 'acme', owner: 'prod' } }) };
    const answer = prod && tailnetOf(prod, () => staging);
    expect(answer?.ok === false && answer.faults.map(({ problem }) => problem)).toEqual([
      'overlaps 10.77.0.0/16 of stack prod',
      'overlaps 10.77.10.0/24 of site eu-fra of stack prod',
    ]);
  });
});

describe('what the file of another stack says', () => {
  const problem = (text: string | undefined): string => {
    const other = otherStack('dev', text);
    return 'problem' in other ? `${other.problem} → ${other.remedy}` : 'none';
  };
  const file = (raw: object, more = ''): string =>
    stringify({
      config: Object.fromEntries(Object.entries(raw).map(([key, value]) => [`site-mesh:${key}`, value as unknown])),
    }) + more;

  test('is its config, whatever else and whatever secrets stand there', () => {
    const secrets =
      '  site-mesh:sshPrivateKey: { secure: v1:x }\n  hcloud:token: { secure: v1:y }\nencryptionsalt: v1:z\n';
    expect(otherStack('dev', file(validRaw(), secrets))).toEqual({ config: accepted(validRaw()) });
  });

  test('or why it cannot be used, and where more is said', () => {
    expect(problem(undefined)).toBe(
      'is no stack here: there is no Pulumi.dev.yaml → name a stack that has a file here, or remove it',
    );
    expect(problem('config: [')).toBe('cannot be read: Pulumi.dev.yaml is not valid YAML → mesh check dev says more');
    const faulty = { ...validRaw(), tailnet: {}, network: {} };
    expect(problem(file(faulty))).toMatch(/^has \d faults of its own in Pulumi\.dev\.yaml → mesh check dev says more$/);
    expect(problem('# nothing')).toMatch(/faults of its own/);
  });
});

test('a stack that does not own the policy needs less of its credential', () => {
  const scopes = (tailnet: object) =>
    credentials(credentialNeeds({ tailnet })).find(({ key }) => key === 'tailscale:oauthClientId')?.scopes;
  expect(scopes({ name: 'acme', with: ['dev'] })).toBe(scopes({ name: 'acme' }));
  expect(scopes({ name: 'acme' })).toMatch(/^policy_file, .*dns, feature_settings; tag:iac$/);
  expect(scopes({ name: 'acme', owner: 'prod' })).toMatch(
    /^policy_file:read, auth_keys, devices:core, devices:routes; tag:iac-STACK/,
  );
});
