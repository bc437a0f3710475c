import { widthOf } from '../../../../cli/graph/svg/measure.ts';
import { SIZE } from '../../../../cli/graph/svg/style.ts';

export interface Element {
  name: string;
  attributes: Record<string, string>;
  /** Text directly inside, unescaped. */
  text: string;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const unescaped = (text: string): string =>
  text.replaceAll(/&([^;&]*);?/g, (_, name: string) => {
    const found = ENTITIES[name];
    if (found === undefined) throw new Error(`unknown entity &${name};`);
    return found;
  });

/** Every element of an SVG, in order. Throws on whatever XML would not take: open or crossed tags, stray `<` and `&`. */
export function elements(svg: string): Element[] {
  const found: Element[] = [];
  const open: Element[] = [];
  const token = /<(\/?)([a-zA-Z]+)((?:\s+[a-zA-Z:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  while (token.lastIndex < svg.length) {
    const at = token.lastIndex;
    const match = token.exec(svg);
    if (match === null) throw new Error(`not XML: ${svg.slice(at, at + 60)}`);
    const [, closing, name = '', attributes = '', empty, text] = match;
    if (text !== undefined) {
      const last = open.at(-1);
      if (last !== undefined) last.text += unescaped(text);
    } else if (closing === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing`);
    } else {
      const element = { name, attributes: Object.fromEntries([...attributes.matchAll(/([a-zA-Z:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, unescaped(value)])), text: '' }; // prettier-ignore
      found.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  if (open.length > 0) throw new Error(`<${open[0]?.name ?? ''}> stays open`);
  return found;
}

export const texts = (svg: string): string[] =>
  elements(svg).flatMap(({ name, text }) => (name === 'text' ? [text] : []));
export const tooltips = (svg: string): string[] =>
  elements(svg).flatMap(({ name, text }) => (name === 'title' ? [text] : []));

export interface Area {
  what: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Where level words stand, as wide as the widest font makes them. */
export function wordAreas(svg: string): Area[] {
  return elements(svg).flatMap(({ name, attributes, text }) => {
    if (name !== 'text' || attributes.x === undefined) return [];
    const style = (attributes.class ?? '').split(' ');
    const size = style.includes('t') ? SIZE.title : style.includes('n') ? SIZE.name : style.includes('s') ? SIZE.small : SIZE.text; // prettier-ignore
    const width = widthOf(text, size, ['t', 'n', 'b'].some((bold) => style.includes(bold)) ? 'bold' : 'normal');
    const left = attributes['text-anchor'] === 'end' ? Number(attributes.x) - width : Number(attributes.x);
    const base = Number(attributes.y);
    return [{ what: text, left, right: left + width, top: base - size * 0.75, bottom: base + size * 0.2 }];
  });
}

/** Pairs that lie over each other. */
export function overlaps(areas: readonly Area[]): string[] {
  return areas.flatMap((one, index) =>
    areas
      .slice(index + 1)
      .filter(
        (other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom,
      )
      .map((other) => `${one.what} × ${other.what}`),
  );
}
