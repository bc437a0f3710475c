import type { SourceNode } from '../model.ts';
import { group, rect, text, type Box } from './draw.ts';
import { MARK, sourceMark } from './marks.ts';
import { widthOf } from './measure.ts';
import { SIZE } from './style.ts';

export const SOURCE_HEIGHT = 42;

export const sourceWidth = ({ name, detail }: SourceNode): number =>
  Math.max(widthOf(name, SIZE.text, 'bold'), widthOf(detail, SIZE.small)) + MARK + 26;

export function sourcePill({ name, kind, detail, members }: SourceNode, box: Box): string {
  const radius = kind === 'group' ? SOURCE_HEIGHT / 2 : 6;
  return group(
    [
      rect(box, 'pill', radius),
      sourceMark(kind, box.x + 12, box.y + SOURCE_HEIGHT / 2),
      text(box.x + 12 + MARK, box.y + 18, name, 'b'),
      text(box.x + 12 + MARK, box.y + 33, detail, 's q'),
    ],
    '',
    members.join('\n'),
  );
}
