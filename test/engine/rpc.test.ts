import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { obtainPulumi } from '../../engine/index.ts';
import { ToyProject } from './toy/project.ts';

// One project, one story: each test goes on from the state that the one before left.
describe('the real engine with a provider served by io/rpc', () => {
  let project: ToyProject;
  const ok = async (...args: string[]): Promise<string> => {
    const { code, output } = await project.run(...args);
    expect(output, `pulumi ${args.join(' ')}`).not.toMatch(/warning:/i);
    expect(code, output).toBe(0);
    return output;
  };
  const set = (key: string, value: string) => ok('config', 'set', key, value);
  const did = () => project.notes().map((note) => note.did);

  async function until(what: () => boolean, seconds: number): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (!what()) {
      await sleep(50);
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what.toString()}\n${JSON.stringify(did())}`);
    }
  }

  beforeAll(async () => {
    const { cli } = await obtainPulumi({ onProgress: () => undefined });
    project = new ToyProject(cli);
    await ok('stack', 'init', 'dev');
    await set('content', 'one');
  });
  afterAll(() => {
    if (project.alive().length === 0) rmSync(project.directory, { recursive: true, force: true });
  });

  it('previews with unknowns and creates nothing', async () => {
    const output = await ok('preview', '--diff');
    expect(output).toMatch(/content: "one"/);
    expect(output).toMatch(/upstream: \[unknown\]/);
    expect(did()).not.toContain('create first');
  });

  it('shows a failed check by its property', async () => {
    await set('place', 'nowhere');
    const { code, output } = await project.run('preview');
    expect(code).not.toBe(0);
    expect(output).toMatch(/property place value .* problem: nowhere is not a place/s);
    await set('place', 'here');
  });

  it('keeps what a half failed create made, and updates it the next time', async () => {
    writeFileSync(`${project.journal}.break`, '');
    // 300 kB: the record travels in HTTP/2 trailers, which many implementations limit to 64 KiB.
    await set('repeat', '100000');
    const { code, output } = await project.run('up', '--yes', '--skip-preview');
    expect(code).not.toBe(0);
    expect(output).toContain('the lid does not close');
    expect(did()).not.toContain('create second');
    rmSync(`${project.journal}.break`);
    expect(await ok('stack', 'export')).toContain('"id": "box-first"');

    await set('repeat', '1');
    await ok('up', '--yes', '--skip-preview');
    expect(did().filter((note) => note === 'create first')).toHaveLength(1);
    expect(did()).toContain('update first');
    expect(did()).toContain('create second');
  });

  it('changes nothing on a second up', async () => {
    expect(await ok('up', '--yes')).toMatch(/Resources:\n +4 unchanged/);
  });

  it('keeps secrets out of state and output, and everything else readable', async () => {
    const state = await ok('stack', 'export');
    expect(state).not.toContain('sentinel');
    // token in and out, made twice, apiKey in and out: exactly these are encrypted.
    expect(state.match(/"ciphertext"/g)).toHaveLength(6);
    expect(state).toContain('"content": "one"');
    const shown = await ok('stack', 'export', '--show-secrets');
    for (const secret of ['sentinel-token', 'sentinel-made-by-provider', 'sentinel-api-key']) {
      expect(shown).toContain(secret);
    }
  });

  it('shows the changed leaf of a changed input, and the replacement where a handler asks for one', async () => {
    await set('content', 'two');
    const output = await ok('preview', '--diff');
    expect(output).toMatch(/~ content: "one" => "two"/);
    expect(output).not.toMatch(/mode/);
    await set('place', 'elsewhere');
    expect(await ok('preview')).toMatch(/first replace/);
    await set('place', 'here');
  });

  it('starts a policy pack that knows its stack', async () => {
    const fine = await ok('preview', '--policy-pack', project.policy);
    expect(fine).toContain('toy-guard');
    await set('content', 'allow-all');
    const { code, output } = await project.run('preview', '--policy-pack', project.policy);
    expect(code).not.toBe(0);
    expect(output).toContain('allow-all in stack dev');
    await set('content', 'two');
  });

  it('tells of a policy pack that does not start', async () => {
    writeFileSync(`${project.policy}/index.ts`, "throw new Error('pack is broken');\n");
    const { code, output } = await project.run('preview', '--policy-pack', project.policy);
    expect(code).not.toBe(0);
    expect(output).toContain('pack is broken');
    expect(output).not.toContain('closing transport');
  });

  it('tells of a program that throws', async () => {
    await ok('config', 'rm', 'content');
    const { code, output } = await project.run('preview');
    expect(code).not.toBe(0);
    expect(output).toContain("Missing required configuration variable 'toys:content'");
    // The SDK has told it already; the host's own message on top would only be noise.
    expect(output).not.toContain('exit code');
    await set('content', 'two');
  });

  it('aborts the running operation on Ctrl-C and leaves no process', async () => {
    await ok('destroy', '--yes', '--skip-preview');
    await set('slow', 'true');
    const child = project.start('up', '--yes', '--skip-preview');
    const before = did().length;
    await until(() => did().slice(before).includes('create first'), 60);
    child.kill('SIGINT');
    await until(() => child.exitCode !== null, 30);
    expect(did().slice(before)).toContain('aborted first');
    await until(() => project.alive().length === 0, 10);
  });

  it('leaves no process when the engine is killed', async () => {
    await set('slow', 'true');
    const child = project.start('up', '--yes', '--skip-preview');
    const before = did().length;
    await until(() => did().slice(before).includes('create first'), 60);
    expect(project.alive().length).toBeGreaterThanOrEqual(2);
    child.kill('SIGKILL');
    await until(() => project.alive().length === 0, 20);
  });
});
