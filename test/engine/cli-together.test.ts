import { afterAll, beforeAll, expect, test } from 'vitest';
import { Folder } from './cli.ts';

let mine: Folder;
let other: Folder;
beforeAll(() => {
  mine = new Folder();
  other = new Folder();
});
afterAll(async () => {
  await mine.remove();
  await other.remove();
});

test('two try at once on one lab: one works, the other one is refused at once; on another lab nobody notices', async () => {
  const beside = other.try();
  const both = [mine.try(), mine.try()];
  const refused = await Promise.race(both.map((run) => run.ended));
  expect(refused.code, refused.text).toBe(4);
  expect(refused.stderr).toMatch(/^mesh: another "npm run try" \(process \d+\) is at work in .*MESH_LAB_DIR=/m);
  expect(refused.text).not.toContain('2/5');
  const reset = await mine.mesh('lab', 'reset');
  expect(reset.code, reset.text).toBe(4);

  const ended = await Promise.all([...both, beside].map((run) => run.ended));
  expect(ended.map(({ code }) => code).sort(), ended.map(({ text }) => text).join('\n---\n')).toEqual([0, 0, 4]);
  for (const { code, text } of ended) if (code === 0) expect(text).toContain('All of it works.');
});

test('two mesh env at once on a new lab make one stack, and both shells get the same', async () => {
  const folder = new Folder();
  try {
    const [one, two] = await Promise.all([folder.mesh('env', 'staging'), folder.mesh('env', 'staging')]);
    expect(one.code, one.text).toBe(0);
    expect(two.code, two.text).toBe(0);
    expect(two.stdout).toBe(one.stdout);
    // Whoever came second did not spoil the first one's secrets.
    const again = await folder.mesh('env', 'staging');
    expect(again.stdout).toBe(one.stdout);
  } finally {
    await folder.remove();
  }
});

test('after a try has ended the next one is let in, and finds everything as it was', async () => {
  const ended = await mine.try().ended;
  expect(ended.code, ended.text).toBe(0);
  const [, up = ''] = ended.text.split(/^3\/5/m);
  expect(up).toMatch(/Resources:\n +\d+ unchanged/);
});
