import type { Adopted } from '../policy/adoption.ts';

/** The YAML, and below it as comments what it does not say: the whole is YAML still. */
export function renderAdopted({ adoption, yaml, outcome }: Adopted, file: string): string {
  const { leftovers, covered } = adoption;
  const left = leftovers.flatMap(({ path, line, what, why, todo }) => [
    `- ${path === '' ? 'the policy' : path}${line === undefined ? '' : ` (line ${line})`}: ${what}`,
    `  ${why}`,
    `  → ${todo}`,
  ]);
  return [
    ...(yaml === ''
      ? [`# Nothing has to be added to ${file}.`]
      : [`# Add to ${file}; what stands there already is left out.`, yaml]),
    ...comments('Not said by intents, and what to do:', left, 'All of it is said by intents.'),
    ...comments(
      'To be known:',
      covered.map((one) => `- ${one}`),
    ),
    ...('faults' in outcome
      ? comments('With this in it the stack file has faults still, to be mended first:', outcome.faults.split('\n'))
      : comments(
          'Against the policy that was adopted, the stack’s own would then change:',
          outcome.changes.map((one) => `- ${one}`),
          'Against the policy that was adopted nobody would gain or lose access.',
        )),
  ].join('\n');
}

function comments(title: string, lines: readonly string[], otherwise?: string): string[] {
  if (lines.length === 0) return otherwise === undefined ? [] : ['', `# ${otherwise}`];
  return ['', `# ${title}`, ...lines.map((line) => (line === '' ? '#' : `#   ${line}`))];
}
