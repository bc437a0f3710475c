/**
 * Colours that stay apart for colour-blind readers (Okabe and Ito, without the yellow that vanishes on white and with a grey
 * for black, which vanishes in the dark). A hub beyond the last begins again with dashes.
 */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#b85c94', '#c98500', '#3d9fd6', '#7a7a7a'] as const;
const DASHES = ['', '7 3', '2 3', '10 3 2 3'] as const;

/** Class of the n-th hub: its colour and dash. */
export const hubClass = (index: number): string =>
  `c${index % COLOURS.length}${index < COLOURS.length ? '' : ` d${Math.floor(index / COLOURS.length) % DASHES.length}`}`;

const colours = COLOURS.map(
  (colour, index) => `.c${index} .e{stroke:${colour}}.c${index} .f{fill:${colour}}.c${index} .pill{stroke:${colour}}`,
);
const dashes = DASHES.flatMap((dash, index) => (dash === '' ? [] : [`.d${index} .e{stroke-dasharray:${dash}}`]));

/** Sizes are those that measure.ts is asked about. */
export const SIZE = { title: 20, name: 14, text: 12, small: 11 } as const;

export const STYLE = [
  `text{font-family:'Helvetica Neue',Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif;font-size:${SIZE.text}px;fill:#1f2328}`,
  `.t{font-size:${SIZE.title}px;font-weight:bold}.n{font-size:${SIZE.name}px;font-weight:bold}.b{font-weight:bold}`,
  `.s{font-size:${SIZE.small}px}.q{fill:#57606a}`,
  '.bg{fill:#ffffff}.card{fill:#f6f8fa;stroke:#8c959f}.head{fill:#e7ebf0}.pill{fill:#ffffff;stroke:#8c959f;stroke-width:1.5}',
  '.rule{stroke:#d0d7de;fill:none}.e{fill:none;stroke-width:1.6}.node{fill:#1f2328}.lan{fill:#ffffff;stroke:#57606a;stroke-width:1.5}',
  '.rail{fill:#dfe4ea;stroke:#57606a}.in{fill:none;stroke:#57606a;stroke-width:1.2}.ad{fill:none;stroke:#57606a;stroke-width:3.4}',
  '.sb{stroke-dasharray:6 3}.via{fill:none;stroke:#57606a;stroke-dasharray:1.5 3}.hub:hover .e{stroke-width:3.2}',
  ...colours,
  ...dashes,
  '@media (prefers-color-scheme:dark){text{fill:#e6edf3}.q{fill:#9aa4af}.bg{fill:#0d1117}.card{fill:#161b22;stroke:#6e7681}.head{fill:#21262d}' +
    '.pill{fill:#0d1117}.rule{stroke:#30363d}.node{fill:#e6edf3}.lan{fill:#0d1117;stroke:#9aa4af}.rail{fill:#21262d;stroke:#9aa4af}' +
    '.in,.ad,.via{stroke:#9aa4af}}',
].join('\n');
