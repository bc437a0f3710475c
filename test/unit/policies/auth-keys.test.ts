import { describe, expect, it } from 'vitest';
import { authKeys } from '../../../policies/auth-keys.ts';
import { ask, UNKNOWN, type Asked } from './ask.ts';

const GOOD = { reusable: false, expiry: 3600, ephemeral: false, tags: ['tag:router'] };
const key = (change: Asked['props'] = {}): Asked => ({
  type: 'tailscale:index/tailnetKey:TailnetKey',
  props: { ...GOOD, ...change },
});
const node = (props: Asked['props']): Asked => ({
  type: 'mesh:index:TailnetNode',
  props: { tags: ['tag:router'], ...props },
});

describe('an auth key', () => {
  it('that serves once, for an hour, with a tag, passes; so does one that says nothing of what is off anyway', async () => {
    expect(await ask(authKeys, key())).toEqual({ refused: [] });
    expect(await ask(authKeys, key({ reusable: undefined, ephemeral: undefined }))).toEqual({ refused: [] });
    expect(await ask(authKeys, key({ expiry: 86_400 }))).toEqual({ refused: [] });
  });

  it.each<[string, Asked['props'], string]>([
    ['reusable', { reusable: true }, 'reusable: '],
    ['that lives longer than a day', { expiry: 86_401 }, 'expiry: a key lives 86400 seconds at most'],
    ['that names no time', { expiry: undefined }, 'expiry: no time is named, which is 90 days'],
    ['of a negative time', { expiry: -1 }, 'expiry: '],
    ['without tags', { tags: [] }, 'tags: the key has no tag'],
    ['that says nothing of tags', { tags: undefined }, 'tags: the key has no tag'],
    ['of a router that is ephemeral', { ephemeral: true }, 'ephemeral: a machine that stays'],
    ['of a runner that is not', { tags: ['tag:ci'] }, 'ephemeral: a machine that comes and goes'],
  ])('%s is refused', async (_name, change, message) => {
    const { refused } = await ask(authKeys, key(change));
    expect(refused).toEqual([expect.stringContaining(message)]);
    expect(refused[0]).toContain('Write reusable: false, expiry: 3600');
  });

  it('of a runner is ephemeral; which tags are those of runners is config', async () => {
    expect(await ask(authKeys, key({ tags: ['tag:ci'], ephemeral: true }))).toEqual({ refused: [] });
    const config = { ephemeralTags: ['tag:preview'] };
    expect(await ask(authKeys, key({ tags: ['tag:preview'], ephemeral: true }), { config })).toEqual({ refused: [] });
    expect((await ask(authKeys, key({ tags: ['tag:ci'], ephemeral: true }), { config })).refused).toHaveLength(1);
  });

  it('is judged by what is known of it', async () => {
    const { refused, unknown } = await ask(authKeys, key({ reusable: true, expiry: UNKNOWN }));
    expect(refused).toEqual([expect.stringContaining('reusable')]);
    expect(unknown).toContain('.expiry');
    expect(await ask(authKeys, key({ tags: [UNKNOWN] }))).toMatchObject({
      refused: [],
      unknown: expect.anything() as string,
    });
  });
});

describe('a node that makes its own key', () => {
  it('passes with an hour, with a day and without a word; not with more, and not without a tag', async () => {
    for (const props of [{}, { keySeconds: 3600 }, { keySeconds: 86_400 }])
      expect(await ask(authKeys, node(props))).toEqual({ refused: [] });
    expect((await ask(authKeys, node({ keySeconds: 86_401 }))).refused).toEqual([
      expect.stringContaining('keySeconds'),
    ]);
    expect((await ask(authKeys, node({ tags: [] }))).refused).toEqual([expect.stringContaining('tags: ')]);
    expect((await ask(authKeys, node({ keySeconds: UNKNOWN }))).unknown).toContain('keySeconds');
  });
});
