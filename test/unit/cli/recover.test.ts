import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Lock } from '../../../cli/recover/locks.ts';
import { recover, type RecoverOptions } from '../../../cli/recover/recover.ts';
import type { Report } from '../../../cli/recover/report.ts';
import { resourcesOf, type Resource, type State } from '../../../cli/recover/state.ts';
import { renderEnd, renderFindings } from '../../../cli/render/recover.ts';
import { make, startCloud, TOKENS, type Cloud } from '../lab/cloud.ts';
import { cloudsAt, MARK, NETWORK, resource, stateOf } from './recover-fixtures.ts';

let cloud: Cloud;
beforeEach(async () => {
  cloud = await startCloud();
});
afterEach(() => cloud.close());

const ok = { code: 0, stdout: '', stderr: '' };
const network = resource(NETWORK, 'eu-fra');
const cutOff = stateOf([], [{ type: 'creating', resource: network }]);
const dead: Lock = { pid: 1, host: 'here', holder: 'dead' };
const makeNetwork = () => make(cloud, 'networks', { name: 'eu-fra', ip_range: '10.78.0.0/16', labels: MARK });

/** A stack that remembers what was done to it. */
class FakeStack {
  readonly did: string[] = [];
  readonly file = { stack: 'staging', path: '', config: {} };
  current: State;
  seen: Lock[] | undefined = [];
  plan: Resource[] | string = [];
  refusals: string[] = [];

  constructor(state: State) {
    this.current = state;
  }
  ragged: string[] = [];
  torn = () => Promise.resolve(this.ragged);
  locks = () => Promise.resolve(this.seen);
  state = () => Promise.resolve({ text: JSON.stringify(this.current), state: this.current });
  creates = () => Promise.resolve(this.plan);
  clouds = () => cloudsAt({ token: TOKENS.staging, endpoint: `${cloud.base}/v1` });
  cancel = () => {
    this.did.push('cancel');
    return Promise.resolve(ok);
  };
  import = (state: State) => {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return Promise.resolve({ code: 255, stdout: '', stderr: refusal });
    this.did.push('import');
    this.current = state;
    return Promise.resolve(ok);
  };
  refresh = (urns: readonly string[]) => {
    this.did.push(`refresh ${urns.length}`);
    return Promise.resolve(ok);
  };
}

const yes: RecoverOptions = { forceUnlock: false, agree: () => Promise.resolve(true), say: () => undefined };
const no: RecoverOptions = { ...yes, agree: () => Promise.resolve(false) };
const text = (report: Report): string => `${renderFindings(report)}\n${renderEnd(report)}`;

test('a killed engine: the lock goes, the object is recorded, then it is read', async () => {
  const id = await makeNetwork();
  const stack = new FakeStack(cutOff);
  stack.seen = [dead];
  const report = await recover(stack, yes);
  expect(stack.did).toEqual(['cancel', 'import', 'refresh 1']);
  expect(resourcesOf(stack.current)).toMatchObject([{ urn: network.urn, id: String(id) }]);
  expect(report.outcome).toBe('recovered');
  expect(text(report)).toMatch(/Recovered\..*\n.*pulumi up/);
  expect((await recover(stack, no)).steps, 'nothing is left for a second one but the lock').toHaveLength(1);
});

test('nobody agreed: all is said, nothing is done', async () => {
  await makeNetwork();
  const stack = new FakeStack(cutOff);
  stack.seen = [dead];
  const report = await recover(stack, no);
  expect(stack.did).toEqual([]);
  expect(report).toMatchObject({ outcome: 'to do', next: [] });
  expect(report.steps.map(({ command }) => command.split(' ')[1])).toEqual(['cancel', 'stack', 'refresh']);
  expect(text(report)).toMatch(/creating hcloud Network eu-fra[^]*pulumi cancel[^]*Nothing was done/);
});

test('nothing to recover is not asked about', async () => {
  const agree = () => Promise.reject(new Error('it asked'));
  const report = await recover(new FakeStack(stateOf([])), { ...yes, agree });
  expect(report.outcome).toBe('clean');
  expect(text(report)).toContain('Nothing to recover');
});

describe('a lock whose holder', () => {
  test.each(['alive', 'unknown'] as const)('is %s stops everything, unless it is forced', async (holder) => {
    const stack = new FakeStack(cutOff);
    stack.seen = [{ ...dead, holder }];
    const report = await recover(stack, yes);
    expect(report).toMatchObject({ held: true, outcome: 'needs a person', cutOff: [] });
    expect(stack.did).toEqual([]);
    expect(text(report)).toContain(holder === 'alive' ? 'kill -INT 1' : '--force-unlock');
    await recover(stack, { ...yes, forceUnlock: true });
    expect(stack.did).toEqual(['cancel', 'import']);
  });

  test('shows only when a write is refused is judged then', async () => {
    const refusal = (host: string) =>
      `error: locked\n s3://b/x.json: created by ci@${host} (pid 7) at 2026-11-25T23:05:11Z`;
    const stack = new FakeStack(cutOff);
    stack.seen = undefined;
    stack.refusals = [refusal('runner-7')];
    expect(await recover(stack, yes)).toMatchObject({ held: true, locks: [{ host: 'runner-7', holder: 'unknown' }] });
    expect(stack.did).toEqual([]);
    stack.refusals = [refusal('runner-7')];
    await recover(stack, { ...yes, forceUnlock: true });
    expect(stack.did).toEqual(['cancel', 'import']);
  });
});

test('a side file that the kill has torn is removed before anything is read, once somebody agreed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-torn-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'staging.json.attrs');
  writeFileSync(file, '');
  const stack = new FakeStack(stateOf([]));
  stack.ragged = [file];
  stack.state = () => {
    if (existsSync(file)) throw new Error('failed to load checkpoint: EOF');
    return Promise.resolve({ text: '', state: stack.current });
  };
  const report = await recover(stack, no);
  expect(report.outcome).toBe('to do');
  expect(existsSync(file)).toBe(true);
  expect(text(report)).toContain('Torn by the kill');
  expect((await recover(stack, yes)).outcome).toBe('recovered');
});

test('a state that somebody changed meanwhile is not overwritten', async () => {
  const stack = new FakeStack(cutOff);
  const agree = () => {
    stack.current = stateOf([network]);
    return Promise.resolve(true);
  };
  await expect(recover(stack, { ...yes, agree })).rejects.toThrow('somebody changed the state');
  expect(stack.did).toEqual([]);
});

test('without a preview the rest is done, and what it would have told is left to a person', async () => {
  const stack = new FakeStack(cutOff);
  stack.plan = 'error: the config is wrong';
  const report = await recover(stack, yes);
  expect(stack.did).toEqual(['import']);
  expect(report.outcome).toBe('needs a person');
  expect(text(report)).toContain('error: the config is wrong');
});

test('an object that is not ours is left to a person, and nothing is written for it', async () => {
  await make(cloud, 'networks', { name: 'eu-fra', ip_range: '10.78.0.0/16', labels: {} });
  const stack = new FakeStack(stateOf([]));
  stack.plan = [network];
  const report = await recover(stack, yes);
  expect(stack.did).toEqual([]);
  expect(report.outcome).toBe('needs a person');
  expect(text(report)).toMatch(/Left to you[^]*without our label/);
});

test('a cloud that does not answer ends it before anything is written', async () => {
  const stack = new FakeStack(cutOff);
  stack.clouds = () => cloudsAt({ token: 'wrong', endpoint: `${cloud.base}/v1` });
  await expect(recover(stack, yes)).rejects.toThrow(/refuses the token[^]*Nothing was changed/);
  expect(stack.did).toEqual([]);
});

test('what hangs under an adopted object is found by another look', async () => {
  const id = await makeNetwork();
  const range = { type: 'cloud', ip_range: '10.78.10.0/24', network_zone: 'eu-central' };
  await cloud.call('POST', `/networks/${id}/actions/add_subnet`, range);
  const subnet = resource('hcloud:index/networkSubnet:NetworkSubnet', 'eu-fra', {
    inputs: { ipRange: '10.78.10.0/24', networkId: '04da6b54-80e4-46f7-96ec-b56ff0331ba9' },
    propertyDependencies: { networkId: [network.urn] },
  });
  const stack = new FakeStack(stateOf([]));
  stack.creates = () => {
    const known = resourcesOf(stack.current).length > 0;
    return Promise.resolve(
      known ? [{ ...subnet, inputs: { ipRange: '10.78.10.0/24', networkId: id } }] : [network, subnet],
    );
  };
  const report = await recover(stack, yes);
  expect(resourcesOf(stack.current).map((one) => one.id)).toEqual([String(id), `${id}-10.78.10.0/24`]);
  expect(stack.did).toEqual(['import', 'refresh 1', 'import', 'refresh 1']);
  expect(report.unrecorded).toHaveLength(2);
});
