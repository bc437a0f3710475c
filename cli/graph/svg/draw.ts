/** Pieces of SVG as text. Coordinates are written with one decimal at most, so that equal layouts are equal bytes. */
const n = (value: number): string => String(Math.round(value * 10) / 10);

/** Text for an element or an attribute; characters that XML forbids become U+FFFD. */
export const escaped = (text: string): string =>
  text
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

export const text = (x: number, y: number, content: string, style = '', anchor = 'start'): string =>
  `<text x="${n(x)}" y="${n(y)}"${classes(style)}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${escaped(content)}</text>`;

/** Text that runs upwards. */
export const upright = (x: number, y: number, content: string, style = ''): string =>
  `<text transform="translate(${n(x)} ${n(y)}) rotate(-90)"${classes(style)} text-anchor="middle">${escaped(content)}</text>`;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const rect = ({ x, y, width, height }: Box, style: string, radius = 6): string =>
  `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="${n(radius)}"${classes(style)}/>`;

export const line = (x1: number, y1: number, x2: number, y2: number, style: string): string =>
  `<path d="M${n(x1)} ${n(y1)}L${n(x2)} ${n(y2)}"${classes(style)}/>`;

export const polyline = (points: readonly (readonly [x: number, y: number])[], style: string): string =>
  `<path d="M${points.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}"${classes(style)}/>`;

export const circle = (x: number, y: number, radius: number, style: string): string =>
  `<circle cx="${n(x)}" cy="${n(y)}" r="${n(radius)}"${classes(style)}/>`;

/** A closed shape. */
export const shape = (points: readonly (readonly [x: number, y: number])[], style: string): string =>
  `<path d="M${points.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}Z"${classes(style)}/>`;

/** From left to right; leaves and arrives level, so that an arrow head fits. */
export const curve = (x1: number, y1: number, x2: number, y2: number, style: string): string => {
  const middle = (x1 + x2) / 2;
  return `<path d="M${n(x1)} ${n(y1)}C${n(middle)} ${n(y1)} ${n(middle)} ${n(y2)} ${n(x2)} ${n(y2)}"${classes(style)}/>`;
};

/** `title` is what a browser shows under the pointer. */
export const group = (content: readonly string[], style = '', title = ''): string =>
  `<g${classes(style)}>${title === '' ? '' : `<title>${escaped(title)}</title>`}${content.join('')}</g>`;

const classes = (style: string): string => (style === '' ? '' : ` class="${style}"`);
