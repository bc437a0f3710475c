import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder, slot } from '../../../engine/cache.ts';
import { obtainPulumi } from '../../../engine/index.ts';
import { pulumi } from '../../../engine/pulumi.ts';
import { builds, inCache, installGo, lives, newPlace, startDriver, until } from './fakes.ts';

const buildPid = (line: string | undefined): number => Number(line?.split(' ')[0]);

describe('the cache', () => {
  it('lies in XDG_CACHE_HOME, else in ~/.cache, and a relative XDG_CACHE_HOME does not count', () => {
    expect(cacheFolder({ HOME: '/home/ada', XDG_CACHE_HOME: '/var/c' }, 'engine')).toBe('/var/c/site-mesh/engine');
    expect(cacheFolder({ HOME: '/home/ada' }, 'engine')).toBe('/home/ada/.cache/site-mesh/engine');
    expect(cacheFolder({ HOME: '/home/ada', XDG_CACHE_HOME: 'c' }, 'daemons')).toBe(
      '/home/ada/.cache/site-mesh/daemons',
    );
  });

  it('serves the second time without any tool', async () => {
    const place = newPlace();
    installGo(place);
    const first = await obtainPulumi({ env: place.env, onProgress: () => undefined });
    rmSync(join(place.bin, 'go'));
    expect(await obtainPulumi({ env: place.env, onProgress: () => undefined })).toEqual({ ...first, how: 'cached' });
  });

  it.each<[string, RegExp, (cli: string) => void]>([
    ['a truncated executable', /pulumi has 3 bytes, not \d+/, (cli) => truncateSync(cli, 3)],
    [
      'an executable of the right size and another content',
      /pulumi has another content/,
      (cli) => writeFileSync(cli, readFileSync(cli, 'utf8').replace('echo', 'ohce')),
    ],
    ['a missing executable', /pulumi is missing/, (cli) => rmSync(cli)],
    ['a missing record', /record.json is missing/, (cli) => rmSync(join(dirname(dirname(cli)), 'record.json'))],
    [
      'a torn record',
      /record.json cannot be read/,
      (cli) => truncateSync(join(dirname(dirname(cli)), 'record.json'), 9),
    ],
  ])('with %s is noticed and filled again', async (_name, damage, harm) => {
    const place = newPlace();
    installGo(place);
    const said: string[] = [];
    const options = { env: place.env, onProgress: (p: { message: string }) => said.push(p.message) };
    const { cli } = await obtainPulumi(options);
    harm(cli);
    expect(await obtainPulumi(options)).toMatchObject({ cli, how: 'built' });
    expect(said.join('\n')).toMatch(damage);
    expect(await obtainPulumi(options)).toMatchObject({ cli, how: 'cached' });
    expect(inCache(place)).toHaveLength(1);
  });

  it('whose place is taken by a file is named with the way out', async () => {
    const place = newPlace();
    mkdirSync(join(place.home, '.cache'));
    writeFileSync(join(place.home, '.cache', 'site-mesh'), '');
    await expect(obtainPulumi({ env: place.env, onProgress: () => undefined })).rejects.toMatchObject({
      code: 'cache',
      message: expect.stringContaining('XDG_CACHE_HOME') as string,
    });
  });
});

describe('two at once', () => {
  it('build once: the second waits, says so, and takes what the first made', async () => {
    const place = newPlace();
    installGo(place, { seconds: 2 });
    const both = [startDriver(place), startDriver(place)];
    for (const { ended } of both) expect(await ended).toEqual({ code: 0, signal: null });
    expect(builds(place)).toHaveLength(1);
    const outputs = both.map(({ output }) => output());
    expect(outputs.filter((text) => text.includes('"how":"built"'))).toHaveLength(1);
    const waited = outputs.filter((text) => text.includes('another process is obtaining Pulumi 3.259.0; waiting'));
    expect(waited).toHaveLength(1);
    expect(waited[0]).toContain('"how":"cached"');
  });

  it('with caches of their own build twice (the log does count)', async () => {
    const place = newPlace();
    installGo(place, { seconds: 0.2 });
    const other = { ...place, env: { ...place.env, XDG_CACHE_HOME: join(place.root, 'other') } };
    for (const { ended } of [startDriver(place), startDriver(other)]) expect((await ended).code).toBe(0);
    expect(builds(place)).toHaveLength(2);
  });
});

describe('interrupted', () => {
  it('by kill -9 in the middle of a build: the next run clears up and succeeds', { timeout: 60_000 }, async () => {
    const place = newPlace();
    installGo(place, { seconds: 30 });
    const killed = startDriver(place);
    await until('the build has begun', () => builds(place).length === 1);
    killed.process.kill('SIGKILL');
    await killed.ended;
    // The compiler of the killed run; a real one ends by itself at its next line of output.
    process.kill(-buildPid(builds(place)[0]), 'SIGKILL');
    expect(inCache(place).filter((name) => name.startsWith('tmp-'))).toHaveLength(1);

    installGo(place);
    const next = startDriver(place);
    expect(await next.ended).toEqual({ code: 0, signal: null });
    expect(next.output()).toContain('"how":"built"');
    expect(inCache(place)).toEqual([slot(place.cacheDir, pulumi).split('/').at(-1)]);
  });

  it('by Ctrl-C: the compiler ends too, nothing is left, and the reason is told', async () => {
    const place = newPlace();
    installGo(place, { seconds: 30 });
    const driver = startDriver(place);
    await until('the build has begun', () => builds(place).length === 1);
    const compiler = buildPid(builds(place)[0]);
    expect(lives(compiler)).toBe(true);
    driver.process.kill('SIGINT');
    expect((await driver.ended).code).toBe(1);
    expect(driver.output()).toContain('{"code":"interrupted"}');
    expect(driver.output()).toContain('interrupted (SIGINT)');
    await until('the compiler has ended', () => !lives(compiler));
    expect(inCache(place)).toEqual([]);
  });

  it('by its caller, before or while it works', async () => {
    const place = newPlace();
    installGo(place, { seconds: 30 });
    await expect(
      obtainPulumi({ env: place.env, onProgress: () => undefined, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'interrupted' });
    expect(builds(place)).toEqual([]);
    const controller = new AbortController();
    const work = obtainPulumi({ env: place.env, onProgress: () => undefined, signal: controller.signal });
    await Promise.all([
      expect(work).rejects.toMatchObject({ code: 'interrupted' }),
      until('the build has begun', () => builds(place).length === 1).then(() => controller.abort()),
    ]);
    expect(inCache(place)).toEqual([]);
  });
});
