import { beforeEach, expect, test, vi } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import { interpret } from '../../../lab/tailnet/policy/index.ts';
import { tailnetTests } from '../../../provider/tailnet-tests.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { FakeHost, operation } from './fakes.ts';

vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));
vi.useFakeTimers({ toFake: ['Date'] });

const POLICY = `{
	"groups":    {"group:sre": ["grace@example.com"]},
	"tagOwners": {"tag:infra": []},
	"grants":    [{"src": ["group:sre"], "dst": ["tag:infra"], "ip": ["tcp:22"]}],
	"ssh":       [{"action": "accept", "src": ["group:sre"], "dst": ["tag:infra"], "users": ["ops"]}],
}
`;
const logins = [{ src: 'group:sre', dst: ['tag:infra'], accept: ['ops'], check: [], deny: ['root'] }];
const inputs: Inputs = { tests: [], logins, reasons: {}, policy: 'e1', nodes: ['n1'] };

let tailnet: FakeTailnet;
beforeEach(() => {
  tailnet = new FakeTailnet();
  tailnet.edit(POLICY);
  tailnet.validated = (text) => {
    const nodes = [{ addresses: ['100.64.0.1'], tags: ['tag:infra'] }];
    return interpret(text, { nodes })
      .failingTests()
      .flatMap(({ errors }) => errors);
  };
});
const create = (news: Inputs = inputs) => tailnetTests.create(operation(), news, false, new FakeHost(tailnet).client());

test('logins are tested with the live policy, which nobody pushes for it', async () => {
  await create();
  expect(tailnet.calls).toEqual(['policy.get', 'policy.validate']);
  expect(tailnet.policy.text).toBe(POLICY);
});

test('a login that the live policy does not give, or gives too much, ends the run in the words of the service', async () => {
  tailnet.edit(POLICY.replace('"ops"', '"root"'));
  const error = await create().catch(String);
  expect(error).toContain('access is not what the config says');
  expect(error).toMatch(/Tailscale SSH: [^]*ops/);
  expect(error).toMatch(/Tailscale SSH: [^]*root/);
});

test('without logins nobody is asked for any', async () => {
  await create({
    ...inputs,
    logins: undefined,
    tests: [{ src: 'group:sre', proto: 'tcp', accept: ['tag:infra:22'], deny: [] }],
  });
  expect(tailnet.calls).toEqual(['policy.test']);
});

test('while a tag stands for no device nothing is said of its logins', async () => {
  tailnet.verdict = () => ['tag:infra: source "tag:infra" resolved to no IP addresses'];
  await create({ ...inputs, tests: [{ src: 'tag:infra', proto: 'tcp', accept: ['fra-db-01:22'], deny: [] }] });
  expect(tailnet.calls).not.toContain('policy.validate');
});
