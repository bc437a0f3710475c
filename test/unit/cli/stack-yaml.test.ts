import { expect, test } from 'vitest';
import { parseStackFile } from '../../../cli/stack-file.ts';

const told = (text: string): string => {
  try {
    parseStackFile('prod', 'Pulumi.prod.yaml', text, 'Pulumi.prod.yaml');
    return '';
  } catch (error) {
    return String(error);
  }
};
const lines = (text: string): number => told(text).split('\n').length;

test('a slip that makes the whole rest of a file unreadable is told where it is, and not at each later line', () => {
  const rest = Array.from({ length: 50 }, (_, at) => `  site-mesh:k${at}: { a: [b, c], d: { e: f } }\n`).join('');
  const text = `config:\n  site-mesh:packages: { url: https://x/{id}, key: k } }\n${rest}`;
  expect(told(text)).toMatch(/Pulumi\.prod\.yaml is not valid YAML:\n {2}Unexpected flow-map-start .* at line 2,/);
  expect(told(text)).toMatch(/\n {2}… and \d{3,} more, which most likely follow from these$/);
  expect(lines(text)).toBeLessThan(14);
});

test('one that stands alone is all that is told', () => {
  const text = 'config:\n  site-mesh:a: 1\n  site-mesh:a: 2\n';
  expect(told(text)).toMatch(/Map keys must be unique at line 3/);
  expect(told(text)).not.toContain('more');
});
