import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import { TailscaleError } from '../../../io/tailscale/errors.ts';
import { withHeader } from '../../../mesh/overlays/tailscale/header.ts';
import { tailnetPolicy } from '../../../provider/tailnet-policy.ts';
import { FakeTailnet } from './fake-tailnet.ts';
import { FakeHost, operation, recorded } from './fakes.ts';

vi.mock('../../../io/wait.ts', () => import('./passing-time.ts'));
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterAll(() => {
  vi.useRealTimers();
});

const onDb = { src: 'group:sre', proto: 'tcp', accept: ['fra-db-01:22'], needs: [] };
const onRouters = { src: 'group:sre', proto: 'tcp', accept: ['tag:router:22'], needs: ['tag:router'] };
const lifelines = {
  ownerTag: 'tag:iac',
  tags: ['tag:router'],
  routes: [{ prefix: '10.77.10.0/24', tags: ['tag:router'] }],
  tests: [onDb, onRouters],
};
const body = (mark: string): string =>
  `{ "tagOwners": { "tag:iac": ["autogroup:admin"], "tag:router": ["tag:iac"] }, "autoApprovers": { "routes": { "10.77.10.0/24": ["tag:router"] } } } // ${mark}\n`;
const wanted = (mark: string) => ({ text: withHeader('acme/staging-tailnet', body(mark)), access: [], lifelines });
const good = wanted('good');
const bad = wanted('bad');
const LOCKOUT = 'group:sre: address "fra-db-01:22": want: Accept, got: Drop';

const client = (tailnet: FakeTailnet) => new FakeHost(tailnet).client();
const create = (tailnet: FakeTailnet, news: Inputs, op = operation()) =>
  tailnetPolicy.create(op, news, false, client(tailnet));
const update = (tailnet: FakeTailnet, olds: Inputs, news: Inputs, op = operation()) =>
  tailnetPolicy.update(op, 'tailnet-policy', olds, olds, news, false, client(tailnet));
const read = async (tailnet: FakeTailnet, outputs: Inputs): Promise<Inputs> =>
  recorded((await tailnetPolicy.read(operation(), 'tailnet-policy', outputs, good, client(tailnet)))?.outputs ?? {});
const diff = async (olds: Inputs, news: Inputs) =>
  (await tailnetPolicy.diff(operation(), 'tailnet-policy', olds, olds, news, client(new FakeTailnet()))).changes;
const failure = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (error: unknown) => String(error),
  );

/** A tailnet whose policy is good, and that finds the break-glass group locked out by the bad one. */
async function standing() {
  const tailnet = new FakeTailnet();
  tailnet.lockout = (text) => (text === bad.text ? [LOCKOUT] : []);
  const olds = recorded((await create(tailnet, good)).outputs);
  tailnet.calls.length = 0;
  return { tailnet, olds };
}

describe('a push that locks the break-glass group out', () => {
  test('is taken back in the same operation, in the service’s words', async () => {
    const { tailnet, olds } = await standing();
    const said = await failure(update(tailnet, olds, bad));
    expect(tailnet.policy.text).toBe(good.text);
    expect(said).toContain(LOCKOUT);
    expect(said).toContain('The former policy is in force again');
    expect(said).toContain('mesh policy diff staging');
    // Over the text that was just pushed, and over nothing else.
    expect(tailnet.calls.filter((call) => call.startsWith('policy.set'))).toEqual(['policy.set e1', 'policy.set e2']);
  });

  test('control: written by the bare API it stays', async () => {
    const { tailnet } = await standing();
    const signal = new AbortController().signal;
    await tailnet.api.policy.set(bad.text, tailnet.etag, signal);
    expect((await tailnet.api.policy.test([], signal)).errors).toEqual([LOCKOUT]);
    expect(tailnet.policy.text).toBe(bad.text);
  });

  test('control: one that locks nobody out stays, and is recorded as checked', async () => {
    const { tailnet, olds } = await standing();
    const other = wanted('other');
    const { outputs } = await update(tailnet, olds, other);
    expect(tailnet.policy.text).toBe(other.text);
    expect([outputs.etag, outputs.checked]).toEqual([tailnet.etag, tailnet.etag]);
    expect(await diff(recorded(outputs), other)).toEqual({});
  });

  test('leaves the state as it was, so that the next up tries again', async () => {
    const { tailnet, olds } = await standing();
    await failure(update(tailnet, olds, bad));
    // The fake counts etags, so that of the former text is another one by now.
    expect(await failure(update(tailnet, olds, bad))).toContain('in force again');
    await update(tailnet, olds, wanted('mended'));
    expect(tailnet.policy.text).toBe(wanted('mended').text);
  });

  test('as the first one gives the default back, and says what that is', async () => {
    const tailnet = new FakeTailnet();
    tailnet.lockout = () => [LOCKOUT];
    const said = await failure(create(tailnet, bad));
    expect(tailnet.policy.text).toBe(tailnet.defaultText);
    expect(said).toContain('the service’s default, which lets everybody reach everything');
    // It is nobody's policy still: the next first push goes over it.
    tailnet.lockout = () => [];
    await create(tailnet, good);
    expect(tailnet.policy.text).toBe(good.text);
  });
});

describe('what is asked', () => {
  const asked = async (tags: string[]): Promise<unknown[]> => {
    const tailnet = new FakeTailnet();
    tailnet.devices.set('n1', { nodeId: 'n1', name: 'a', hostname: 'a', addresses: [], tags });
    let seen: unknown[] = [];
    tailnet.lockout = (_text, tests) => {
      seen = tests;
      return [];
    };
    await create(tailnet, good);
    return seen;
  };
  const bare = ({ src, proto, accept }: typeof onRouters) => ({ src, proto, accept });

  test('of members only once some node carries their tag', async () => {
    expect(await asked([])).toEqual([bare(onDb)]);
    expect(await asked(['tag:router'])).toEqual([bare(onDb), bare(onRouters)]);
  });

  test('nothing, where the control server has no such question: a warning says so', async () => {
    const { tailnet, olds } = await standing();
    tailnet.failures = { 'policy.test': [new TailscaleError(404, 'not found (404)')] };
    const op = operation();
    await update(tailnet, olds, bad, op);
    expect(tailnet.policy.text).toBe(bad.text);
    expect(op.logs[0]?.message).toContain('cannot be asked whether the break-glass group gets in');
  });

  test('again, when the answer was lost; a service that goes on failing is a no', async () => {
    const lost = () => new TailscaleError(503, 'try later (503)');
    const { tailnet, olds } = await standing();
    tailnet.failures = { 'policy.test': [lost()] };
    await update(tailnet, olds, wanted('other'));
    expect(tailnet.policy.text).toBe(wanted('other').text);
    const down = await standing();
    down.tailnet.failures = { 'policy.test': [lost(), lost(), lost()] };
    expect(await failure(update(down.tailnet, down.olds, wanted('other')))).toContain(
      'it could not be checked: try later (503)',
    );
    expect(down.tailnet.policy.text).toBe(good.text);
  });

  test('whether we may still read it', async () => {
    const { tailnet, olds } = await standing();
    tailnet.afterPush = () => {
      tailnet.afterPush = undefined;
      tailnet.failures = { 'policy.get': [new TailscaleError(403, 'forbidden (403)')] };
    };
    expect(await failure(update(tailnet, olds, wanted('other')))).toContain('forbidden (403)');
    expect(tailnet.policy.text).toBe(good.text);
  });
});

describe('before anything is touched', () => {
  const without = (part: string) => ({
    ...good,
    text: withHeader('acme/staging-tailnet', body('x').replace(part, '')),
  });
  test.each([
    ['the owner of a tag', '"tag:router": ["tag:iac"]', 'tagOwners["tag:router"]: tag:iac does not own it'],
    ['the owner of our own tag', '"tag:iac": ["autogroup:admin"], ', 'has no owner'],
    ['an approver', '"10.77.10.0/24": ["tag:router"]', 'autoApprovers.routes["10.77.10.0/24"]'],
  ])('a text without %s is refused', async (_name, part, reason) => {
    const { tailnet, olds } = await standing();
    expect(await failure(update(tailnet, olds, without(part)))).toContain(reason);
    expect(tailnet.calls).toEqual(['policy.get']);
    expect(await failure(update(tailnet, olds, without('// x')))).toBe('no failure');
  });

  test('a cancelled run writes nothing; one that has pushed goes on to its check', async () => {
    const { tailnet, olds } = await standing();
    const op = operation();
    op.abort();
    expect(await failure(update(tailnet, olds, bad, op))).toContain('nothing was written');
    expect(tailnet.policy.text).toBe(good.text);
    const later = operation();
    tailnet.afterPush = () => later.abort();
    expect(await failure(update(tailnet, olds, bad, later))).toContain('in force again');
    expect(tailnet.policy.text).toBe(good.text);
  });

  test('a text of somebody else’s goes only by its own etag', async () => {
    const tailnet = new FakeTailnet();
    tailnet.edit('{ "acls": [] } // by hand');
    expect(await failure(create(tailnet, { ...good, takeOver: 'e7' }))).toContain('takeOver: e1');
    await create(tailnet, { ...good, takeOver: 'e1' });
    expect(tailnet.policy.text).toBe(good.text);
    tailnet.edit('{ "acls": [] } // again');
    expect(await failure(create(tailnet, { ...wanted('other'), takeOver: 'e1' }))).toContain('(412)');
  });
});

describe('a restore that fails', () => {
  test('because somebody edited meanwhile leaves the edit, says so and keeps the former text', async () => {
    const { tailnet, olds } = await standing();
    const EDIT = '{ "grants": [] } // by hand';
    tailnet.lockout = (text) => {
      if (text === bad.text) tailnet.edit(EDIT);
      return [LOCKOUT];
    };
    const said = await failure(update(tailnet, olds, bad));
    expect(tailnet.policy.text).toBe(EDIT);
    expect(said).toContain('SOMEBODY’S EDIT');
    const [, file = ''] = /mesh policy restore staging --file (\S+)/.exec(said) ?? [];
    expect(readFileSync(file, 'utf8')).toBe(good.text);
    rmSync(dirname(file), { recursive: true });
  });

  test('because the network is gone says what is in force, and the next up finishes it', async () => {
    const { tailnet, olds } = await standing();
    const gone = () => new TailscaleError(0, 'no answer from the service');
    tailnet.lockout = (text) => {
      if (text !== bad.text) return [];
      tailnet.failures = { 'policy.set': [gone(), gone(), gone()] };
      return [LOCKOUT];
    };
    const said = await failure(update(tailnet, olds, bad));
    expect(said).toContain('PROBABLY STILL IN FORCE');
    expect(said).toContain('no answer from the service');
    rmSync(dirname(/--file (\S+)/.exec(said)?.[1] ?? ''), { recursive: true });
    expect(tailnet.policy.text).toBe(bad.text);
    tailnet.lockout = (text) => (text === bad.text ? [LOCKOUT] : []);
    expect(await failure(update(tailnet, olds, bad))).toContain('in force again');
    expect(tailnet.policy.text).toBe(good.text);
  });

  test('an edit right after the push is nobody’s to take back', async () => {
    const { tailnet, olds } = await standing();
    const EDIT = '{ "grants": [] } // by hand';
    tailnet.afterPush = () => tailnet.edit(EDIT);
    expect(await failure(update(tailnet, olds, bad))).toContain('at once edited by somebody else');
    expect(tailnet.policy.text).toBe(EDIT);
  });
});

describe('a run that is killed between push and check', () => {
  /** What is left of it: the text is live, the state knows nothing. */
  const killed = (tailnet: FakeTailnet): void => tailnet.edit(bad.text);

  test('is finished by the next one', async () => {
    const { tailnet, olds } = await standing();
    killed(tailnet);
    expect(await failure(update(tailnet, olds, bad))).toContain(LOCKOUT);
    expect(tailnet.policy.text).toBe(good.text);
  });

  test('and refreshed is an update still, and what it replaced is known still', async () => {
    const { tailnet, olds } = await standing();
    killed(tailnet);
    const seen = await read(tailnet, await read(tailnet, olds));
    expect(await diff(seen, bad)).toEqual({ checked: 'update' });
    expect(await failure(update(tailnet, seen, bad))).toContain('in force again');
    expect(tailnet.policy.text).toBe(good.text);
    expect(await read(tailnet, olds)).toMatchObject({ text: good.text });
  });

  test('of a first push has nothing to put back, and says so', async () => {
    const tailnet = new FakeTailnet();
    tailnet.lockout = () => [LOCKOUT];
    killed(tailnet);
    const said = await failure(create(tailnet, bad));
    expect(said).toContain(LOCKOUT);
    expect(said).toContain('THE NEW POLICY IS STILL IN FORCE');
    expect(said).toContain('mesh policy restore staging --file FILE');
  });

  test('a push whose answer is lost counts as what the tailnet says', async () => {
    const { tailnet, olds } = await standing();
    tailnet.afterPush = () => {
      tailnet.afterPush = undefined;
      throw new TailscaleError(0, 'no answer');
    };
    const other = wanted('other');
    const { outputs } = await update(tailnet, olds, other);
    expect(outputs.etag).toBe(tailnet.etag);
    tailnet.failures = { 'policy.set': [new TailscaleError(502, 'bad gateway')] };
    expect(await failure(update(tailnet, recorded(outputs), wanted('never')))).toContain('bad gateway');
    expect(tailnet.policy.text).toBe(other.text);
  });
});
