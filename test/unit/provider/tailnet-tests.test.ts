import { beforeEach, describe, expect, test, vi } from 'vitest';
import { UNKNOWN } from '../../../io/rpc/types.ts';
import type { Inputs } from '../../../io/rpc/types.ts';
import { TailscaleError } from '../../../io/tailscale/errors.ts';
import { tailnetTests } from '../../../provider/tailnet-tests.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { FakeHost, operation } from './fakes.ts';

vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));
vi.useFakeTimers({ toFake: ['Date'] });

const tests = [
  { src: 'tag:app', proto: 'tcp', accept: ['fra-db-01:5432'], deny: ['fra-db-01:22'] },
  { src: 'tag:router-eu-fra', proto: 'tcp', accept: ['tag:host-nyc-infra-01:6514'], deny: [] },
];
const inputs = {
  tests,
  reasons: { 'tag:app tcp fra-db-01:5432': 'the app tier reads the primary' },
  policy: 'e1',
  nodes: ['n1', 'n2'],
};
const DENIED = 'tag:app: address "fra-db-01:5432": want: Accept, got: Drop';
const OPEN = 'tag:app: address "fra-db-01:22": want: Drop, got: Accept';
const UNSEEN = 'tag:app: source "tag:app" resolved to no IP addresses';

let tailnet: FakeTailnet;
beforeEach(() => {
  tailnet = new FakeTailnet();
});
const client = () => new FakeHost(tailnet).client();
const create = (news: Inputs = inputs, preview = false, op = operation()) =>
  tailnetTests.create(op, news, preview, client());
const failing = (...errors: string[]) => {
  tailnet.verdict = () => ['test(s) failed', ...errors];
};
const device = (tags: string[]) =>
  tailnet.devices.set('n1', {
    nodeId: 'n1',
    name: 'a.ts.net',
    hostname: 'sin-app-01',
    addresses: ['100.64.0.1'],
    tags,
  });

describe('tests of the live policy', () => {
  test('are asked as they are, and hold', async () => {
    let asked: unknown;
    tailnet.verdict = (all) => {
      asked = all;
      return [];
    };
    expect(await create()).toEqual({ id: 'tailnet-tests', outputs: inputs });
    expect(asked).toEqual(tests);
    expect(tailnet.calls).toEqual(['policy.test']);
  });

  test('that fail are told with who, where to, which port and the reason of the intent', async () => {
    failing(DENIED);
    await expect(create()).rejects.toThrow(
      'members with role app (tag:app) must reach fra-db-01 on tcp/5432 (the app tier reads the primary), and the live policy denies it',
    );
    failing(OPEN);
    await expect(create()).rejects.toThrow(
      'members with role app (tag:app) must not reach fra-db-01 on tcp/22 (no access rule says so), and the live policy allows it',
    );
    failing('tag:router-eu-fra: address "tag:host-nyc-infra-01:6514": want: Accept, got: Drop');
    await expect(create()).rejects.toThrow(
      'routers of site eu-fra (tag:router-eu-fra) must reach host nyc-infra-01 (tag:host-nyc-infra-01) on tcp/6514 (an access rule says so)',
    );
  });

  test('that fail are told all at once; words of the service that nobody foresaw as they are', async () => {
    failing(DENIED, OPEN, 'quota exceeded');
    const error = await create().catch(String);
    expect(error).toMatch(/tcp\/5432[^]*tcp\/22[^]*quota exceeded/);
    expect(error).not.toContain('test(s) failed');
  });

  test('of one target with two protocols are both told: the service does not say which', async () => {
    failing(DENIED);
    const two = [...tests, { src: 'tag:app', proto: 'udp', accept: ['fra-db-01:5432'], deny: [] }];
    await expect(create({ ...inputs, tests: two })).rejects.toThrow(/tcp\/5432[^]*udp\/5432/);
  });

  test('that fail in an update leave the record as it was', async () => {
    failing(DENIED);
    const news = { ...inputs, policy: 'e2' };
    await expect(
      tailnetTests.update(operation(), 'tailnet-tests', inputs, inputs, news, false, client()),
    ).rejects.toThrow('tcp/5432');
    tailnet.verdict = () => [];
    expect(await tailnetTests.update(operation(), 'tailnet-tests', inputs, inputs, news, false, client())).toEqual({
      outputs: news,
    });
  });
});

describe('a node that joined a moment ago', () => {
  test('is waited for, and only the named reason is', async () => {
    let asked = 0;
    tailnet.verdict = () => (++asked < 4 ? ['test(s) failed', UNSEEN] : []);
    await create();
    expect(asked).toBe(4);
    asked = 0;
    tailnet.verdict = () => {
      asked += 1;
      return ['test(s) failed', DENIED];
    };
    await expect(create()).rejects.toThrow('tcp/5432');
    expect(asked, 'a verdict is not waited for').toBe(1);
  });

  test('is waited for 20 s; listed and still not seen is a failure that names it', async () => {
    failing(UNSEEN);
    device(['tag:app']);
    const start = Date.now();
    await expect(create()).rejects.toThrow(/tag:app: carried by sin-app-01, [^]*not seen it for 20 s/);
    expect(Date.now() - start).toBe(20_000);
  });

  test('and is gone from the tailnet meanwhile is a warning; what could be judged is judged', async () => {
    failing(UNSEEN);
    device(['tag:other']);
    const op = operation();
    await create(inputs, false, op);
    expect(op.logs).toEqual([
      { severity: 'warning', message: expect.stringContaining('has no device with tag:app any more') as string },
    ]);
    failing(UNSEEN, OPEN);
    await expect(create()).rejects.toThrow('tcp/22');
  });

  test('is not waited for once the run is cancelled', async () => {
    failing(UNSEEN);
    const op = operation();
    op.abort();
    await expect(create(inputs, false, op)).rejects.toThrow('cancelled');
  });
});

describe('a node that leaves in the same update', () => {
  const olds = { ...inputs, nodes: ['n0', 'n1', 'n2'] };
  const update = (before: Inputs, op = operation()) =>
    tailnetTests.update(op, 'tailnet-tests', before, before, inputs, false, client());
  const leaving = (tags: string[]) =>
    tailnet.devices.set('n0', { nodeId: 'n0', name: 'a', hostname: 'nyc-infra-01', addresses: ['100.64.0.9'], tags });

  test('is no fault, as long as it carries a tag that the failing test names', async () => {
    failing(DENIED);
    leaving(['tag:app']);
    const op = operation();
    expect(await update(olds, op)).toEqual({ outputs: inputs });
    expect(op.logs).toMatchObject([
      {
        severity: 'info',
        message: expect.stringMatching(/^not judged while nyc-infra-01 is still .* tcp\/5432/) as string,
      },
    ]);
  });

  test('excuses nothing else, nor does a node that stays', async () => {
    failing(DENIED);
    leaving(['tag:other']);
    await expect(update(olds)).rejects.toThrow('tcp/5432');
    leaving(['tag:app']);
    await expect(update(inputs)).rejects.toThrow('tcp/5432');
  });
});

describe('a preview', () => {
  test('says what will be tested and asks nobody, whatever is known', async () => {
    failing(DENIED);
    for (const given of [{}, { policy: UNKNOWN }, { nodes: ['n1', UNKNOWN] }]) {
      const op = operation();
      await create({ ...inputs, ...given }, true, op);
      await tailnetTests.update(op, 'tailnet-tests', inputs, inputs, { ...inputs, ...given }, true, client());
      const told = {
        severity: 'info',
        message:
          'tested at the service once the nodes have joined: 2 connections that must be allowed and 1 that must be denied, from 2 kinds of members',
      };
      expect(op.logs).toEqual([told, told]);
    }
    expect(tailnet.calls).toEqual([]);
  });
});

test('a control server without array-form tests is a warning; another refusal is an error', async () => {
  tailnet.fail = new TailscaleError(404, 'tailnet acme: testing the policy: page not found (404)');
  const op = operation();
  await create(inputs, false, op);
  expect(op.logs[0]?.message).toContain('runs no tests against its live policy');
  tailnet.fail = new TailscaleError(403, 'no scope (403)');
  await expect(create()).rejects.toThrow('(403)');
});

test('runs again when the policy, a node or a test changes, and for nothing else', async () => {
  const diff = async (news: Inputs) =>
    Object.keys((await tailnetTests.diff(operation(), 'tailnet-tests', inputs, inputs, news, client())).changes);
  expect(await diff(inputs)).toEqual([]);
  expect(await diff({ ...inputs, policy: 'e2' })).toEqual(['policy']);
  expect(await diff({ ...inputs, nodes: ['n1', 'n3'] })).toEqual(['nodes[1]']);
  expect(await diff({ ...inputs, tests: [{ ...inputs.tests[0], deny: [] }, ...tests.slice(1)] })).toEqual([
    'tests[0].deny[0]',
  ]);
  const { inputs: checked, failures } = await tailnetTests.check(
    operation(),
    { ...inputs, nodes: ['n2', 'n1', 'n2'] },
    undefined,
    client(),
  );
  expect([checked.nodes, failures]).toEqual([['n1', 'n2'], []]);
  const bad = await tailnetTests.check(operation(), { ...inputs, tests: [] }, undefined, client());
  expect(bad.failures.map(({ property }) => property)).toEqual(['tests']);
});

test('a refresh finds no drift, and a destroy asks nobody', async () => {
  failing(DENIED);
  expect(await tailnetTests.read(operation(), 'tailnet-tests', inputs, inputs, client())).toEqual({
    id: 'tailnet-tests',
    outputs: inputs,
    inputs,
  });
  await tailnetTests.delete(operation(), 'tailnet-tests', inputs, inputs, client());
  expect(tailnet.calls).toEqual([]);
});
