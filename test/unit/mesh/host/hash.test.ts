import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, releaseHash, type CanonicalValue } from '../../../../mesh/host/hash.ts';
import { render } from '../../../../mesh/host/render.ts';
import { routerSpec } from './specs.ts';

const PYTHON = `import json, sys
for line in sys.stdin:
    print(json.dumps(json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False)))`;
const hasPython = spawnSync('python3', ['--version']).error === undefined;

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => value.isWellFormed());
const value: fc.Arbitrary<CanonicalValue> = fc.letrec<{ value: CanonicalValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.boolean(),
    fc.constant(null),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
})).value;

describe('the hash of a release', () => {
  test('is the one that the host tool computes', () => {
    // The same release and hash stand in host/tests/test_release.py.
    const release = {
      files: { '/etc/site-mesh/a': { content: 'ü𝄞\t"\\\u2028\u0001\n', mode: '0644' } },
      units: { 'a.service': { enabled: true, onChange: 'reload' as const, watches: ['/etc/site-mesh/a'] } },
      packages: { tailscale: '1.102.3' },
    };
    expect(releaseHash(release)).toBe('5e5ecd91023a3edc2fa96096609991202cfe21b91f6d4d575570078bef778941');
  });

  test('does not depend on the order of keys', () => {
    const release = render(routerSpec());
    const turned = {
      packages: release.packages,
      units: release.units,
      files: Object.fromEntries(Object.entries(release.files).reverse()),
    };
    expect(releaseHash(turned)).toBe(releaseHash(release));
  });

  test('changes with any byte of any file', () => {
    const release = render(routerSpec());
    const hashes = Object.entries(release.files).map(([path, file]) =>
      releaseHash({ ...release, files: { ...release.files, [path]: { ...file, content: `${file.content} ` } } }),
    );
    expect(new Set([releaseHash(release), ...hashes]).size).toBe(hashes.length + 1);
  });

  test('refuses text that has no UTF-8 form, which either side would hash differently', () => {
    expect(() => canonicalJson({ a: '\ud800' })).toThrow('lone surrogate');
    expect(canonicalJson({ a: '\ud83d\ude00' })).toBe('{"a":"😀"}');
  });
});

describe('canonical JSON', () => {
  test('is still JSON of the same value', () => {
    fc.assert(
      fc.property(value, (v) => {
        expect(JSON.parse(canonicalJson(v))).toEqual(v);
      }),
    );
  });

  test.skipIf(!hasPython)('is byte for byte what Python writes (needs python3)', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 40, maxLength: 60 }), (values) => {
        const input = values.map((v) => JSON.stringify(v)).join('\n');
        const lines = spawnSync('python3', ['-c', PYTHON], { input, encoding: 'utf8' }).stdout.trim().split('\n');
        expect(lines.map((line) => JSON.parse(line) as string)).toEqual(values.map(canonicalJson));
      }),
      { numRuns: 5 },
    );
  });

  test('sorts keys by code point, not by UTF-16 unit', () => {
    expect(canonicalJson({ '\u{10000}': true, '\uffff': false })).toBe('{"\uffff":false,"\u{10000}":true}');
  });
});
