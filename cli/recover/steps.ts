import type { Lock } from './locks.ts';
import type { Step } from './report.ts';
import type { Survey } from './survey.ts';

/** What follows from a survey, in the order in which it is done. */
export function stepsOf(locks: readonly Lock[], survey: Survey): Step[] {
  const { adoptions, cutOff, deleted, refresh } = survey;
  const objects = adoptions.filter(({ id }) => id !== undefined).length;
  const edits = [
    ...(objects > 0 ? [`record ${count(objects, 'object')} that the state does not know`] : []),
    ...(cutOff.length > 0
      ? [`take ${count(cutOff.length, 'operation')} off that ${are(cutOff.length)} under way no more`]
      : []),
    ...(deleted.length > 0 ? [`drop ${count(deleted.length, 'record')} of what was to be deleted and is gone`] : []),
  ];
  return [
    ...(locks.length > 0
      ? [{ what: `take the lock off the stack (${count(locks.length, 'file')})`, command: 'pulumi cancel --yes' }]
      : []),
    ...(edits.length > 0
      ? [{ what: edits.join('; '), command: 'pulumi stack export, edited, pulumi stack import' }]
      : []),
    ...(refresh.length > 0
      ? [
          {
            what: `read what ${count(refresh.length, 'resource')} ${are(refresh.length)} now, from the cloud into the state`,
            command: 'pulumi refresh --target …',
          },
        ]
      : []),
  ];
}

export const editsState = ({ adoptions, cutOff, deleted }: Survey): boolean =>
  adoptions.length + cutOff.length + deleted.length > 0;

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
const are = (number: number): string => (number === 1 ? 'is' : 'are');
