import { afterEach, beforeEach, expect, test } from 'vitest';
import { asksForChange, Holds } from '../../../lab/holds.ts';
import { changeOf, parseLine, toolPath } from '../../../lab/sshd/line.ts';
import { LAB_TOKEN, startCloud, type Cloud } from './cloud.ts';

let cloud: Cloud;
beforeEach(async () => {
  cloud = await startCloud();
});
afterEach(() => cloud.close());

const settled = async (promise: Promise<unknown> | undefined): Promise<boolean> => {
  const late = Symbol('late');
  const pause = new Promise((resolve) => setTimeout(() => resolve(late), 30));
  return (await Promise.race([promise, pause])) !== late;
};

test('the nth change of a kind waits until it is released; the others pass', async () => {
  const said: object[] = [];
  const holds = new Holds((entry) => said.push(entry));
  holds.arm({ nth: 2, of: 'POST /v1/servers', before: 'answer' });
  expect(holds.changed('POST /v1/servers')).toBeUndefined();
  expect(holds.changed('POST /v1/networks')).toBeUndefined();
  const wait = holds.changed('POST /v1/servers');
  expect(await settled(wait)).toBe(false);
  expect(holds.changed('POST /v1/servers')).toBeUndefined();
  holds.release();
  expect(await settled(wait)).toBe(true);
  expect(said.flatMap((entry) => ('event' in entry && entry.event === 'held' ? [entry] : []))).toHaveLength(1);
});

test('before nothing, it is told and passes', () => {
  const said: unknown[] = [];
  const holds = new Holds((entry) => said.push('event' in entry && entry.event));
  holds.arm({ nth: 1, before: 'nothing' });
  expect(holds.changed('x')).toBeUndefined();
  expect(said).toEqual(['change', 'held']);
});

test('over the API: the change is made, its answer is not given before the release', async () => {
  const control = (method: string, body?: object) => cloud.ask(LAB_TOKEN, method, '/lab/hold', body);
  expect((await control('POST', { nth: 0, before: 'answer' })).status).toBe(422);
  expect((await control('POST', { nth: 1, before: 'answer' })).status).toBe(200);
  const made = cloud.call('POST', '/networks', { name: 'n', ip_range: '10.0.0.0/16' });
  expect(await settled(made)).toBe(false);
  expect((await cloud.call('GET', '/networks')).json.networks).toMatchObject([{ name: 'n' }]);
  await control('DELETE');
  expect((await made).status).toBe(201);
});

test('control: what is refused or only asked is no change', async () => {
  await cloud.ask(LAB_TOKEN, 'POST', '/lab/hold', { nth: 1, before: 'answer' });
  expect((await cloud.call('GET', '/networks')).status).toBe(200);
  expect((await cloud.call('POST', '/networks', { name: 'n' })).status).toBeGreaterThanOrEqual(400);
  expect(asksForChange('POST', '/api/v2/oauth/token')).toBe(false);
  expect(asksForChange('POST', '/api/v2/tailnet/-/acl/validate')).toBe(false);
  expect(asksForChange('POST', '/lab/stop')).toBe(false);
  expect(asksForChange('POST', '/api/v2/tailnet/-/acl')).toBe(true);
});

test('lines on hosts that change something, in their own words', () => {
  const tool = toolPath('a'.repeat(64));
  const of = (line: string): string | undefined => {
    const parsed = parseLine(line);
    if (parsed === undefined) throw new Error(line);
    return changeOf(parsed);
  };
  expect(of(`sudo -n ${tool} apply confirm ${'b'.repeat(64)}`)).toBe('apply confirm');
  expect(of(`sudo -n ${tool} node join`)).toBe('node join');
  expect(of('timeout -k 10 60 sh -eu -s # motd')).toBe('command motd');
  for (const line of ['facts', 'apply status', 'node status', 'route status'])
    expect(of(`${tool} ${line}`)).toBeUndefined();
});
