import type { Answers } from './ask.ts';
import type { Difference } from './compare.ts';
import type { Change, Life, Package, Property, Reasons, TypeTable } from './types.ts';

const CHANGES: Record<Change, string> = { nothing: 'nothing', update: 'update in place', replace: 'replace' };

function kind(property: Property): string {
  if (property.input === false) return property.output ? 'computed only' : '';
  const words = [property.input === 'refused' ? 'input, refused' : 'input'];
  if (property.required) words.push('required');
  if (property.output) words.push('output');
  return words.join(', ');
}

function row(name: string, property: Property): string {
  const cells = [
    `\`${name}\``,
    kind(property) + (property.secret ? ', **secret**' : ''),
    property.change === undefined ? '' : CHANGES[property.change],
    property.input !== true ? '' : property.leftOut === undefined ? 'refused' : CHANGES[property.leftOut],
    property.default === undefined ? '' : property.default === 'auto' ? 'made up' : `\`${property.default}\``,
  ];
  return `| ${cells.join(' | ')} |`;
}

function head(table: TypeTable, life: Life | undefined): string {
  const said: string[] = [];
  if (life?.takenName !== undefined) said.push(`a name that is taken: ${life.takenName}`);
  if (table.deletesFirst !== undefined)
    said.push(`replaced under a name of the program: ${table.deletesFirst ? 'deletes first' : 'creates first'}`);
  if (life !== undefined) said.push(`import: ${life.import}`);
  return said.join(' · ');
}

function type(table: TypeTable, life: Life | undefined): string[] {
  const { defaults, secrets } = table.nested;
  const nested = [
    ...Object.entries(defaults).map(([path, value]) => `\`${path}\` = \`${value}\``),
    ...secrets.map((path) => `\`${path}\` secret`),
  ];
  return [
    `### \`${table.token}\``,
    '',
    head(table, life),
    '',
    '| property | | another value | left out again | default |',
    '|---|---|---|---|---|',
    ...Object.entries(table.properties).map(([name, property]) => row(name, property)),
    ...(nested.length === 0 ? [] : ['', `Inside: ${nested.join(', ')}.`]),
    '',
  ];
}

function listed(title: string, differences: readonly Difference[], reasons: Reasons): string[] {
  const lines = differences.map(
    ({ key, here, there }) => `  - ${key}: ${here} here, ${there} there: ${reasons[key] ?? '**no reason given**'}`,
  );
  const count = lines.length === 1 ? 'one difference' : `${lines.length} differences`;
  return [`- ${title}: ${lines.length === 0 ? 'no difference' : count}`, ...lines];
}

/** The tables of one stand-in and what they were held against. */
export function markdown({ name, reasons }: Package, answers: Answers): string {
  const { tables, lives, sdk, schema, official } = answers;
  return [
    `## ${name}`,
    '',
    ...tables.flatMap((table) => type(table, lives.get(table.token))),
    `### ${name}, held against`,
    '',
    ...listed(`SDK ${sdk.version}`, sdk.differences, reasons.sdk),
    ...(schema === undefined
      ? ['- schema: not here']
      : [
          ...listed(`schema ${schema.version}`, schema.differences, reasons.schema),
          `- in the SDK and not in the schema: ${schema.sdkOnly.join(', ') || 'nothing'}`,
        ]),
    ...(official === undefined
      ? ['- official plugin: not installed']
      : listed(`official plugin ${official.version}`, official.differences, reasons.official)),
    '',
  ].join('\n');
}
