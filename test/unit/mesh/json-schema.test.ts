import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stackFileSchema } from '../../../mesh/config/json-schema.ts';
import { meshSchema } from '../../../mesh/config/schema.ts';

const root = new URL('../../../', import.meta.url);
type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

test('the schema that the stack files name is the generated one (mesh schema > docs/stack.schema.json)', () => {
  expect(JSON.parse(readFileSync(new URL('docs/stack.schema.json', root), 'utf8'))).toEqual(stackFileSchema());
  for (const stack of ['staging', 'prod'])
    expect(readFileSync(new URL(`Pulumi.${stack}.yaml`, root), 'utf8')).toMatch(
      /^# yaml-language-server: \$schema=docs\/stack\.schema\.json\n/,
    );
});

test('every section is there, and every key of it is explained', () => {
  const config = (stackFileSchema().properties as { config: { properties: Node } }).config.properties;
  for (const section of Object.keys(meshSchema.shape)) expect(config).toHaveProperty([`site-mesh:${section}`]);
  const unexplained: string[] = [];
  const look = (node: unknown, path: string): void => {
    if (!isNode(node)) return;
    if (isNode(node.properties))
      for (const [key, value] of Object.entries(node.properties)) {
        if (isNode(value) && typeof value.description !== 'string' && key !== 'secure')
          unexplained.push(`${path}.${key}`);
        look(value, `${path}.${key}`);
      }
    look(node.additionalProperties, `${path}.*`);
    look(node.items, `${path}[]`);
  };
  look({ properties: config }, '');
  expect(unexplained).toEqual([]);
});

test('an unknown key is refused wherever keys are fixed, and a credential is nothing but encrypted', () => {
  const config = (stackFileSchema().properties as { config: { properties: Record<string, Node> } }).config.properties;
  expect(config['site-mesh:network']).toMatchObject({ additionalProperties: false });
  expect(config['digitalocean:token']).toMatchObject({ required: ['secure'], additionalProperties: false });
  expect(config['site-mesh:sshPrivateKey']).toMatchObject({ required: ['secure'] });
});
