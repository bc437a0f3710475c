import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { officialPlugin } from '../../../lab/plugins/official.ts';
import { askPackage, unexplainedImports, type Answers } from '../../table/ask.ts';
import { againstPlugin, againstSchema, againstSdk, unexplained } from '../../table/compare.ts';
import { markdown } from '../../table/markdown.ts';
import { PACKAGES } from '../../table/packages.ts';
import { parseSchema, readSchema, schemaFolder, schemaType } from '../../table/schema.ts';
import { sdkVersion } from '../../table/sdk.ts';
import type { TypeTable } from '../../table/types.ts';

const TREE = join(import.meta.dirname, '..', '..', '..');

/** A test that needs something of this machine; its name says what, where that is missing. */
const needs = (there: boolean, what: string): [typeof it, string] => [
  there ? it : (it.skip as typeof it),
  there ? '' : ` (${what})`,
];

describe.each(PACKAGES)('the stand-in for $name', (one) => {
  let answers: Answers;
  beforeAll(async () => {
    answers = await askPackage(one);
  }, 120_000);
  const official = officialPlugin(one.name, sdkVersion(TREE, one.name) ?? '');
  const [schemaIt, noSchema] = needs(
    readSchema(TREE, one.name) !== undefined,
    `no official schema in ${schemaFolder(TREE)}; MESH_SCHEMAS names another folder`,
  );
  const [officialIt, noOfficial] = needs(
    official.path !== undefined,
    `the official plugin is not in ${official.folder}; MESH_PLUGIN_DIR names another folder`,
  );

  it('takes and answers what its SDK sends and expects', () => {
    expect(unexplained(answers.sdk.differences, one.reasons.sdk)).toEqual([]);
  });

  schemaIt(`does what the official schema says${noSchema}`, () => {
    expect(unexplained(answers.schema?.differences ?? [], one.reasons.schema)).toEqual([]);
    expect(answers.schema?.refusedEnums).toEqual([]);
  });

  officialIt(`answers Check and Diff as the official plugin does${noOfficial}`, () => {
    expect(unexplained(answers.official?.differences ?? [], one.reasons.official)).toEqual([]);
  });

  const [cloudIt, noCloud] = needs(
    one.cloud !== undefined,
    'there is no cloud to it: nothing has a name or is imported',
  );
  cloudIt(`refuses a second one of a name where the cloud does, and imports${noCloud}`, () => {
    for (const [token, { takenName }] of answers.lives) {
      const expected = one.types[token]?.sharesNames === true ? 'accepted' : 'refused';
      if (takenName !== undefined) expect([token, takenName]).toEqual([token, expected]);
    }
    expect(unexplainedImports(one, answers.lives)).toEqual([]);
  });

  it('is printed with every type and property', () => {
    const text = markdown(one, answers);
    for (const table of answers.tables) {
      expect(text).toContain(`### \`${table.token}\``);
      for (const name of Object.keys(table.properties)) expect(text).toContain(`| \`${name}\` |`);
    }
  });
});

describe('a difference', () => {
  const schema = parseSchema({
    provider: {},
    types: { 't:index:Size': { enum: [{ value: 's' }] }, 't:index:Link': { properties: { port: { default: 22 } } } },
    resources: {
      't:index/thing:Thing': {
        inputProperties: {
          size: { $ref: '#/types/t:index:Size', willReplaceOnChanges: true },
          link: { $ref: '#/types/t:index:Link' },
          key: { secret: true },
        },
        properties: { size: {}, link: {}, key: {}, address: {} },
        requiredInputs: ['size'],
      },
    },
  });
  const type = schemaType(schema, 't:index/thing:Thing') ?? expect.fail('the schema has the type');
  const plain = {
    input: true,
    required: false,
    output: true,
    secret: false,
    change: 'update',
    leftOut: 'update',
  } as const;
  const table: TypeTable = {
    name: 'Thing',
    token: 't:index/thing:Thing',
    properties: {
      size: { input: true, required: true, output: true, secret: false, change: 'replace' },
      link: plain,
      key: { ...plain, secret: true },
      address: { input: false, required: false, output: true, secret: false },
    },
    nested: { defaults: { 'link.port': '22' }, secrets: [] },
  };
  const changed = (name: string, change: object): TypeTable => ({
    ...table,
    properties: { ...table.properties, [name]: { ...plain, ...table.properties[name], ...change } },
  });

  it('is none where both say the same', () => {
    expect(againstSchema(table, type, [])).toEqual([]);
    expect(againstPlugin(table, table)).toEqual([]);
    expect(type.enums.get('size')).toEqual(['s']);
  });

  it.each([
    ['size', { change: 'update' }, 'Thing.size replaces'],
    ['link', { leftOut: 'replace' }, 'Thing.link replaces'],
    ['size', { required: false }, 'Thing.size required'],
    ['key', { secret: false }, 'Thing.key secret'],
    ['address', { output: false }, 'Thing.address output'],
    ['address', { input: true }, 'Thing.address input'],
    ['link', { input: 'refused' }, 'Thing.link input'],
    ['other', {}, 'Thing.other input'],
  ])('of %s %j is found', (name, change, key) => {
    const table = changed(name, change);
    expect(againstSchema(table, type, []).map((one) => one.key)).toContain(key);
    expect(unexplained(againstSchema(table, type, []), {}).join()).toContain(`${key}: stand-in`);
  });

  it('below a property is found', () => {
    const bare = { ...table, nested: { defaults: {}, secrets: ['link.password'] } };
    expect(againstSchema(bare, type, []).map(({ key }) => key)).toEqual([
      'Thing.link.port default',
      'Thing.link.password secret',
    ]);
    expect(againstPlugin(bare, table).map(({ key }) => key)).toEqual([
      'Thing.link.port default',
      'Thing.link.password secret',
    ]);
  });

  it.each([
    ['change', { change: 'replace' }],
    ['leftOut', { leftOut: 'nothing' }],
    ['default', { default: '1' }],
  ])('of %s between two plugins is found', (fact, change) => {
    expect(againstPlugin(table, changed('link', change)).map(({ key }) => key)).toEqual([`Thing.link ${fact}`]);
  });

  it('from the SDK is found, also of what only the SDK has', () => {
    const sdk = {
      inputs: new Set(['size', 'link', 'key', 'newer']),
      required: new Set(['size']),
      outputs: new Set(['size', 'link', 'key', 'address', 'newer']),
      secrets: new Set(['key']),
    };
    expect(againstSdk(table, sdk).map(({ key }) => key)).toEqual(['Thing.newer input', 'Thing.newer output']);
  });

  it('needs a reason, and a reason needs a difference', () => {
    const [difference] = againstPlugin(table, changed('link', { default: '1' }));
    if (difference === undefined) expect.fail('there is one');
    expect(unexplained([difference], { [difference.key]: 'meant' })).toEqual([]);
    expect(unexplained([], { 'Thing.link default': 'meant' })).toHaveLength(1);
  });
});
