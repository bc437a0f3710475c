import { describe, expect, it } from 'vitest';
import { policyEtag } from '../../../lab/tailnet/policy/format.ts';
import { DEFAULT_POLICY } from '../../../lab/tailnet/policy/default.ts';
import { ACME, POLICY, startTailnet, type Lab } from './tailnet-fixtures.ts';

const HUJSON = { accept: 'application/hujson' };
const ACL = '/tailnet/-/acl';

describe('the policy', () => {
  it('comes back byte for byte, as JSON on demand, with the hash of its layout as ETag', async () => {
    const lab = startTailnet();
    await lab.policy();
    const raw = await lab.call('GET', ACL, undefined, HUJSON);
    expect(raw.text).toBe(POLICY);
    expect(raw.headers.get('etag')).toBe(`"${policyEtag(POLICY)}"`);
    expect((await lab.call('GET', ACL, undefined, { accept: 'application/json' })).json.hosts).toEqual({
      'fra-db-01': '10.77.10.10',
    });
    const details = (await lab.call('GET', `${ACL}?details=true`)).json;
    expect(Buffer.from(String(details.acl), 'base64').toString()).toBe(POLICY);
  });

  it('is written under ts-default only while nobody has written it', async () => {
    const lab = startTailnet();
    const write = (text: string): ReturnType<Lab['call']> =>
      lab.call('POST', ACL, text, { 'if-match': '"ts-default"' });
    expect((await write(POLICY)).status).toBe(200);
    expect(await write(POLICY)).toMatchObject({
      status: 412,
      json: { message: 'precondition failed, invalid old hash' },
    });
    expect((await lab.call('POST', ACL, '')).text).toBe(DEFAULT_POLICY);
    expect((await write(POLICY)).status).toBe(200);
  });

  it('is written under its ETag, not under an old one, and by the last writer without any', async () => {
    const lab = startTailnet();
    await lab.policy();
    const next = POLICY.replace('5432', '5433');
    const first = await lab.call('POST', ACL, next, { 'if-match': `"${policyEtag(POLICY)}"` });
    expect(first.headers.get('etag')).toBe(`"${policyEtag(next)}"`);
    expect((await lab.call('POST', ACL, POLICY, { 'if-match': `"${policyEtag(POLICY)}"` })).status).toBe(412);
    expect((await lab.call('GET', ACL, undefined, HUJSON)).text).toBe(next);
    expect((await lab.call('POST', ACL, POLICY)).status).toBe(200);
  });

  it('is not replaced by a bad text or one whose test fails', async () => {
    const lab = startTailnet();
    await lab.policy();
    const failing = POLICY.replace(
      '"grants"',
      '"tests": [{"src": "group:sre", "proto": "tcp", "accept": ["fra-db-01:1"]}],\n"grants"',
    );
    expect(await lab.call('POST', ACL, failing)).toMatchObject({
      status: 400,
      json: {
        message: 'test(s) failed',
        data: [{ user: 'group:sre', errors: ['address "fra-db-01:1": want: Accept, got: Drop'] }],
      },
    });
    expect((await lab.call('POST', ACL, '{"grants": [')).status).toBe(400);
    expect((await lab.call('GET', ACL, undefined, HUJSON)).text).toBe(POLICY);
    expect((await lab.call('POST', ACL, failing.replace(':1"', ':5432"'))).status).toBe(200);
  });

  it('is validated without being written: as a text, and as tests against what is live', async () => {
    const lab = startTailnet();
    await lab.policy();
    const validate = async (body: unknown): Promise<Record<string, unknown>> =>
      (await lab.call('POST', `${ACL}/validate`, body)).json;
    expect(await validate('{"grants": [], // nothing\n}')).toEqual({});
    expect(await validate('{"grantz": []}')).toMatchObject({ message: 'json: unknown field "grantz"' });
    const test = (port: number): object[] => [{ src: 'group:sre', proto: 'tcp', accept: [`fra-db-01:${port}`] }];
    expect(await validate(test(5432))).toEqual({});
    expect(await validate(test(5433))).toMatchObject({ message: 'test(s) failed', data: [{ user: 'group:sre' }] });
    expect((await lab.call('GET', ACL, undefined, HUJSON)).text).toBe(POLICY);
  });

  it.each(['default', POLICY])(
    'is really edited by somebody else before a write under the fault policy-edited (%#)',
    async (start) => {
      const lab = startTailnet();
      if (start !== 'default') await lab.policy(start);
      const ifMatch = start === 'default' ? '"ts-default"' : `"${policyEtag(start)}"`;
      lab.faults.set('policy-edited', 'other');
      lab.faults.set('policy-edited', ACME.name);
      expect((await lab.call('POST', ACL, POLICY, { 'if-match': ifMatch })).status).toBe(412);
      const live = await lab.call('GET', ACL);
      expect(live.text).toContain('console-edit-1');
      expect(live.headers.get('etag')).not.toBe(`"${policyEtag(start === 'default' ? DEFAULT_POLICY : start)}"`);
      lab.faults.clear();
      expect((await lab.call('POST', ACL, POLICY, { 'if-match': live.headers.get('etag') ?? '' })).status).toBe(200);
    },
  );
});
