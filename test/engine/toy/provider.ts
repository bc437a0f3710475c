/** A provider with two small resource types, to see what the real engine makes of our answers. */
import { appendFileSync, existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { diffInputs } from '../../../io/rpc/diff.ts';
import { serveProvider } from '../../../io/rpc/serve.ts';
import type { Inputs, PropertyDiff, ResourceHandler } from '../../../io/rpc/types.ts';
import { PartialFailure, UNKNOWN } from '../../../io/rpc/types.ts';

const journal = process.env.TOY_JOURNAL ?? '/dev/null';
const note = (line: string): void => appendFileSync(journal, `${process.pid} ${line}\n`);
note('started');

function outputsOf(news: Inputs, preview: boolean): Inputs {
  const hash = createHash('sha256').update(JSON.stringify(news)).digest('hex');
  return { ...news, hash: preview ? UNKNOWN : hash, made: 'sentinel-made-by-provider' };
}

const box: ResourceHandler<string> = {
  secretOutputs: ['made'],
  check: (_op, news) => {
    const failures = news.place === 'nowhere' ? [{ property: 'place', reason: 'nowhere is not a place' }] : [];
    return Promise.resolve({ inputs: news, failures });
  },
  diff: (_op, _id, _olds, oldInputs, news) => {
    const changes = Object.entries(diffInputs(oldInputs, news)).map(([path, kind]): [string, PropertyDiff] => [
      path,
      path === 'place' ? `${kind}-replace` : kind,
    ]);
    return Promise.resolve({ changes: Object.fromEntries(changes) });
  },
  create: async (op, news, preview) => {
    if (preview) return { id: '', outputs: outputsOf(news, true) };
    note(`create ${op.name}`);
    op.log('info', `boxing with ${JSON.stringify(news.token)}`);
    if (news.slow === true) {
      await sleep(60_000, undefined, { signal: op.signal }).catch(() => {
        note(`aborted ${op.name}`);
        throw new Error('interrupted');
      });
    }
    if (existsSync(`${journal}.break`))
      throw new PartialFailure(`box-${op.name}`, outputsOf(news, false), ['the lid does not close']);
    return { id: `box-${op.name}`, outputs: outputsOf(news, false) };
  },
  read: (_op, id, outputs, inputs) => Promise.resolve({ id, outputs, inputs }),
  update: (op, _id, _olds, _oldInputs, news, preview) => {
    if (!preview) note(`update ${op.name}`);
    return Promise.resolve({ outputs: outputsOf(news, preview) });
  },
  delete: (op) => {
    note(`delete ${op.name}`);
    return Promise.resolve();
  },
};

await serveProvider({
  name: 'toy',
  version: '0.1.0',
  secretConfig: ['apiKey'],
  replaceConfig: ['tenant'],
  configure: (config) => {
    note(`configured ${Object.keys(config).sort().join()}`);
    return 'client';
  },
  resources: { 'toy:index:Box': box },
});
