import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { basic, benchOf, eventually, joinNew, must, POLICY, setPolicy } from './bench.ts';
import { granting, having, ofTheService, taken } from './policies.ts';
import type { Answer, Open, TailnetAbilities, TailnetBench } from './bench.ts';

const ACL = '/tailnet/-/acl';
const HUJSON = { accept: 'application/hujson' };

const live = async (bench: TailnetBench): Promise<string> => (await bench.call('GET', ACL, undefined, HUJSON)).text;
const validate = async (bench: TailnetBench, body: unknown): Promise<Record<string, unknown>> =>
  (await must(bench, 'POST', `${ACL}/validate`, body)).json;

const FAILING_TEST = '"tests": [{"src": "laptop", "proto": "tcp", "accept": ["fra-db-01:1"]}],\n';

/** The policy file: reading, writing, validating. */
export function policyContract(open: Open, { wholePolicy, filtersPeers }: TailnetAbilities): void {
  const bench = benchOf(open);

  test('comes back byte for byte, as JSON on demand, and base64 with details', async () => {
    await setPolicy(bench());
    expect(await live(bench())).toBe(POLICY);
    const json = (await bench().call('GET', ACL, undefined, { accept: 'application/json' })).json;
    expect(json.hosts).toEqual({ 'fra-db-01': '10.77.10.10', laptop: '100.100.1.1' });
    const details = (await must(bench(), 'GET', `${ACL}?details=true`)).json;
    expect(Buffer.from(String(details.acl), 'base64').toString()).toBe(POLICY);
    expect((await bench().call('GET', ACL, undefined, { ...HUJSON, ...basic(bench().other.apiKey) })).text).not.toBe(
      POLICY,
    );
  });

  test('of a new tailnet lets everybody reach everything, and is what an empty text puts back', async () => {
    const first = await live(bench());
    expect(first).toContain('"*"');
    await setPolicy(bench());
    expect((await bench().call('POST', ACL, '')).text).toBe(first);
    expect(await live(bench())).toBe(first);
  });

  test('is in force once it is written: hosts see whom its rules join them with', async () => {
    await setPolicy(
      bench(),
      POLICY.replace('"src": ["group:sre"], "dst": ["tag:router"]', '"src": ["*"], "dst": ["*"]'),
    );
    const [router, spare] = [await joinNew(bench(), 'a'), await joinNew(bench(), 'b', { tags: ['tag:spare'] })];
    const seen = async (): Promise<string[][]> => [await router.peers(), await spare.peers()];
    await eventually(seen).toEqual([['b'], ['a']]);
    await setPolicy(bench());
    await eventually(seen).toEqual(filtersPeers ? [[], []] : [['b'], ['a']]);
    // A refused one is not.
    await bench().call('POST', ACL, POLICY.replace('"src": ["laptop"]', '"src": ["*", "tag:none"]'));
    expect(await seen()).toEqual(filtersPeers ? [[], []] : [['b'], ['a']]);
    await must(bench(), 'POST', ACL, '{}');
    await eventually(seen).toEqual([['b'], ['a']]);
  });

  test('is written under its ETag, not under an old one, and by the last writer without any', async () => {
    const { headers } = await setPolicy(bench());
    const etag = headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{64}"$/);
    expect((await bench().call('GET', ACL)).headers.get('etag')).toBe(etag);
    const next = POLICY.replace('5432', '5433');
    const write = (text: string, ifMatch: string): Promise<Answer> =>
      bench().call('POST', ACL, text, { 'if-match': ifMatch });
    const written = await write(next, etag);
    expect(written.status).toBe(200);
    expect(written.headers.get('etag')).not.toBe(etag);
    expect(await write(POLICY, etag)).toMatchObject({
      status: 412,
      json: { message: 'precondition failed, invalid old hash' },
    });
    expect(await live(bench())).toBe(next);
    await setPolicy(bench());
    expect(await live(bench())).toBe(POLICY);
    // Laid out as the service's formatter does it: the ETag is the text's own hash.
    const laid = '{\n\t"grants": [],\n}\n';
    expect((await setPolicy(bench(), laid)).headers.get('etag')).toBe(
      `"${createHash('sha256').update(laid).digest('hex')}"`,
    );
  });

  test('is written under ts-default only while nobody has written it', async () => {
    const write = (): Promise<Answer> => bench().call('POST', ACL, POLICY, { 'if-match': '"ts-default"' });
    expect((await write()).status).toBe(200);
    expect((await write()).status).toBe(412);
    await must(bench(), 'POST', ACL, '');
    expect((await write()).status).toBe(200);
  });

  const refused: [what: string, text: string, words: string][] = [
    ['broken syntax', '{"grants": [', ''],
    ['an unknown section', having('"grantz": [],'), 'grantz'],
    ['a key that stands twice', having('"hosts": {},'), 'hosts'],
    ['an unknown tag', granting('tag:none', 'tag:router'), 'tag:none'],
    ['an unknown group', granting('group:none', 'tag:router'), 'group:none'],
    ['an unknown host', granting('laptop', 'nowhere'), 'nowhere'],
    ['an unknown owner of a tag', POLICY.replace('["group:sre"],', '["group:none"],'), 'group:none'],
    [
      'an approver that is none',
      POLICY.replace('"10.77.10.0/24": ["tag:router"]', '"10.77.10.0/24": ["tag:none"]'),
      '',
    ],
    ['a route with host bits', POLICY.replace('"10.77.10.0/24"', '"10.77.10.1/24"'), '10.77.10.1/24'],
    ['a protocol without ports', granting('laptop', 'tag:router', 'icmp'), 'icmp'],
    ['a port that is none', granting('laptop', 'tag:router', 'tcp:99999'), '99999'],
    ['a failing test', having(FAILING_TEST), 'test(s) failed'],
    [
      'a test of a range',
      having('"tests": [{"src": "laptop", "proto": "tcp", "deny": ["10.77.10.0/24:1"]}],'),
      'test(s)',
    ],
    ['postures, which the lab does not judge', having('"postures": {},'), 'postures'],
  ];
  test.each(refused)('is refused for %s, and the one before stays', async (_what, text, words) => {
    await setPolicy(bench());
    const { status, json } = await bench().call('POST', ACL, text);
    expect(status).toBe(400);
    expect(json.message).toContain(words);
    expect(await validate(bench(), text)).toMatchObject({ message: json.message });
    expect(await live(bench())).toBe(POLICY);
    await setPolicy(bench(), having('"tests": [{"src": "laptop", "proto": "tcp", "accept": ["fra-db-01:5432"]}],\n'));
  });

  test('says which test fails, and how', async () => {
    await setPolicy(bench());
    const failed = {
      message: 'test(s) failed',
      data: [{ user: 'laptop', errors: ['address "fra-db-01:1": want: Accept, got: Drop'] }],
    };
    expect(await bench().call('POST', ACL, having(FAILING_TEST))).toMatchObject({ status: 400, json: failed });
    expect(await validate(bench(), having(FAILING_TEST))).toMatchObject(failed);
  });

  test('is validated without being written', async () => {
    await setPolicy(bench());
    expect(await validate(bench(), '{"grants": [], // nothing\n}')).toEqual({});
    expect(await validate(bench(), POLICY)).toEqual({});
    expect(await live(bench())).toBe(POLICY);
  });

  test('is asked by tests alone, which change nothing', async () => {
    await setPolicy(bench());
    const ask = (port: number, src = 'laptop') =>
      validate(bench(), [{ src, proto: 'tcp', accept: [`fra-db-01:${port}`] }]);
    expect(await ask(5432)).toEqual({});
    expect(await ask(5433)).toMatchObject({ message: 'test(s) failed', data: [{ user: 'laptop' }] });
    expect(await ask(5432, 'nobody')).toMatchObject({ message: 'test(s) failed' });
    expect(await validate(bench(), '// a comment\n[\n]')).toEqual({});
    expect(await live(bench())).toBe(POLICY);
  });

  test('is asked by tests about tags once nodes carry them, in the words of the service', async () => {
    await setPolicy(bench(), granting('tag:router', 'fra-db-01', 'tcp:5432'));
    const ask = (test: object) => validate(bench(), [{ src: 'tag:router', proto: 'tcp', ...test }]);
    expect(await ask({ accept: ['fra-db-01:5432'] }), 'before the first joins').toMatchObject({
      message: 'test(s) failed',
      data: [{ user: 'tag:router', errors: [expect.stringContaining('resolved to no IP addresses') as string] }],
    });
    await joinNew(bench(), 'a');
    expect(await ask({ accept: ['fra-db-01:5432'], deny: ['fra-db-01:22'] })).toEqual({});
    expect(await ask({ deny: ['fra-db-01:5432'], accept: ['fra-db-01:22'] })).toMatchObject({
      message: 'test(s) failed',
      data: [
        {
          user: 'tag:router',
          errors: [
            'address "fra-db-01:22": want: Accept, got: Drop',
            'address "fra-db-01:5432": want: Drop, got: Accept',
          ],
        },
      ],
    });
  });

  test('has tests about people, groups and tags, which hold or fail by the rules', async () => {
    await setPolicy(bench());
    const about = (src: string, port: number): string =>
      having(`"tests": [{"src": "${src}", "proto": "tcp", "accept": ["fra-db-01:${port}"]}],\n`).replace(
        '["laptop"]',
        '["laptop", "group:sre", "tag:router"]',
      );
    for (const src of ['group:sre', 'grace@example.com']) {
      expect(await validate(bench(), about(src, 5432)), src).toEqual({});
      expect(await validate(bench(), about(src, 5433)), src).toMatchObject({ message: 'test(s) failed' });
      expect((await bench().call('POST', ACL, about(src, 5433))).status).toBe(400);
      await setPolicy(bench(), about(src, 5432));
    }
    // A tag is its devices: before the first joins, nothing can be said of it.
    expect(await validate(bench(), about('tag:router', 5432))).toMatchObject({ message: 'test(s) failed' });
    await joinNew(bench(), 'a');
    expect(await validate(bench(), about('tag:router', 5432))).toEqual({});
    expect(await validate(bench(), about('tag:router', 5433))).toMatchObject({ message: 'test(s) failed' });
    await setPolicy(bench(), about('tag:router', 5432));
  });

  test('may name people whom the tailnet does not know, by addresses of any provider', async () => {
    for (const login of ['heidi@example.com', 'heidi@github'])
      await setPolicy(bench(), granting(login, 'tag:router').replace('grace@example.com', login));
  });

  test.each(Object.entries(taken))('may have %s', async (_what, text) => {
    await setPolicy(bench());
    expect(await validate(bench(), text)).toEqual({});
    await setPolicy(bench(), text);
    expect(await live(bench())).toBe(text);
  });

  test.each(Object.entries(ofTheService))(`${wholePolicy ? 'may' : 'cannot'} have %s`, async (_what, text) => {
    await setPolicy(bench());
    const { status, json } = await bench().call('POST', ACL, text);
    expect(status).toBe(wholePolicy ? 200 : 400);
    expect(await live(bench())).toBe(wholePolicy ? text : POLICY);
    if (!wholePolicy) expect(json.message).toContain('headscale');
    expect(await validate(bench(), text)).toEqual(wholePolicy ? {} : json);
  });
}
