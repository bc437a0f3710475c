import { describe, expect, it } from 'vitest';
import { labels } from '../../../policies/labels.ts';
import { ask, UNKNOWN, type Asked } from './ask.ts';

const GOOD = { owner: 'acme', env: 'prod', role: 'router', 'managed-by': 'site-mesh' };
/** A label that is given as undefined is left out. */
const server = (change: Record<string, string | undefined> = {}): Asked => ({
  type: 'hcloud:index/server:Server',
  props: { labels: JSON.parse(JSON.stringify({ ...GOOD, ...change })) as Record<string, string> },
});
const droplet = (...tags: string[]): Asked => ({ type: 'digitalocean:index/droplet:Droplet', props: { tags } });
const TAGS = Object.entries(GOOD).map(([key, value]) => `${key}:${value}`);

describe('labels', () => {
  it('that say owner, stack, role and maker pass, as labels and as tags', async () => {
    expect(await ask(labels, server({ more: 'x' }))).toEqual({ refused: [] });
    expect(await ask(labels, droplet('acme-prod-routers', ...TAGS, 'role:db'))).toEqual({ refused: [] });
  });

  it.each(Object.keys(GOOD))('without %s are refused', async (key) => {
    expect((await ask(labels, server({ [key]: undefined }))).refused).toEqual([
      expect.stringContaining(`labels: without ${key}.`),
    ]);
    expect((await ask(labels, droplet(...TAGS.filter((tag) => !tag.startsWith(`${key}:`))))).refused).toEqual([
      expect.stringContaining(`tags: without ${key}.`),
    ]);
    expect((await ask(labels, server({ [key]: '' }))).refused).toHaveLength(1);
  });

  it('altogether missing are one message', async () => {
    for (const type of [
      'hcloud:index/network:Network',
      'hcloud:index/volume:Volume',
      'digitalocean:index/volume:Volume',
    ])
      expect((await ask(labels, { type, props: {} })).refused).toEqual([
        expect.stringContaining('without owner, env, role, managed-by'),
      ]);
  });

  it('of another stack are refused; values are not repeated', async () => {
    const { refused } = await ask(labels, server({ env: 'SENTINEL' }));
    expect(refused).toEqual([expect.stringContaining('labels.env: env is not the name of the stack')]);
    expect(refused[0]).not.toContain('SENTINEL');
    expect((await ask(labels, droplet(...TAGS), { stack: 'staging' })).refused).toHaveLength(1);
  });

  it('agree with the tags of the stack, where it has some', async () => {
    expect(
      await ask(labels, server({ env: 'production' }), { stackTags: { env: 'production', owner: 'acme' } }),
    ).toEqual({
      refused: [],
    });
    expect((await ask(labels, server(), { stackTags: { owner: 'platform' } })).refused).toEqual([
      expect.stringContaining('labels.owner: owner is not the stack’s tag owner'),
    ]);
  });

  it('that are not known yet are an advisory; what is missing is refused all the same', async () => {
    const { refused, unknown } = await ask(labels, server({ env: UNKNOWN, role: undefined }));
    expect(refused).toEqual([expect.stringContaining('without role')]);
    expect(unknown).toContain('labels.env');
    expect(await ask(labels, droplet(...TAGS, UNKNOWN))).toMatchObject({
      refused: [],
      unknown: expect.anything() as string,
    });
  });

  it('of what cannot carry any are not asked for', async () => {
    expect(await ask(labels, { type: 'digitalocean:index/vpc:Vpc', props: {} })).toEqual({ refused: [] });
  });
});
