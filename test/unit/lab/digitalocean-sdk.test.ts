import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DIGITALOCEAN, DIGITALOCEAN_TYPES } from '../../../lab/plugins/digitalocean/definition.ts';

const sdk = dirname(createRequire(import.meta.url).resolve('@pulumi/digitalocean/package.json'));

/** What the generated constructor of a class hands to the engine. */
function constructorOf(token: string): { inputs: string[]; outputs: string[]; required: string[] } {
  const file = token.split('/')[1]?.split(':')[0] ?? '';
  const source = readFileSync(join(sdk, `${file}.js`), 'utf8');
  const all = (pattern: RegExp) => [...source.matchAll(pattern)].map((match) => match[1] ?? '').sort();
  return {
    inputs: all(/resourceInputs\["(\w+)"\] = args/g),
    outputs: all(/resourceInputs\["(\w+)"\] = undefined \/\*out\*\//g),
    required: all(/Missing required property '(\w+)'/g),
  };
}

describe('the stand-in knows the properties of the SDK’s', () => {
  it.each(Object.entries(DIGITALOCEAN_TYPES))('%s', (token, { spec }) => {
    const { inputs, outputs, required } = constructorOf(token);
    expect(inputs.length).toBeGreaterThan(0);
    expect(Object.keys(spec.properties).sort()).toEqual(inputs);
    expect([...spec.outputs].sort()).toEqual(outputs);
    const needed = Object.entries(spec.properties).filter(([, property]) => property.required === true);
    expect(needed.map(([name]) => name).sort()).toEqual(required);
  });

  it('and is of the SDK’s version', () => {
    const { version } = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8')) as { version: string };
    expect(DIGITALOCEAN.version).toBe(version);
  });
});
