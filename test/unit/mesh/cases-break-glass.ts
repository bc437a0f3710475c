import type { Case, Loose } from './breakable.ts';

const given =
  (more: object = {}) =>
  (raw: Loose) =>
    Object.assign(raw.tailnet ?? {}, { breakGlass: { group: 'sre', service: 'ssh', ...more } });
/** With a break-glass group, and then something that takes its way in. */
const after = (break_: (raw: Loose) => unknown) => (raw: Loose) => [given()(raw), break_(raw)];
const onCall = (raw: Loose): Record<string, unknown> => raw.access.find(({ to }) => to === 'ssh') ?? {};

/** Intents that lock out whoever must always get in. */
export const BREAK_GLASS: Case[] = [
  [
    'a break-glass group that nobody declared',
    given({ group: 'sres' }),
    'tailnet.breakGlass.group',
    'nobody declared',
    'did you mean sre?',
  ],
  [
    'a break-glass service that is none',
    given({ service: 'shh' }),
    'tailnet.breakGlass.service',
    'not a service',
    'did you mean ssh?',
  ],
  [
    'a break-glass group with nobody in it',
    after((raw) => Object.assign(raw.groups ?? {}, { sre: [] })),
    'groups.sre',
    'is empty',
    'people',
  ],
  [
    'a break-glass group without an intent',
    after((raw) => raw.access.splice(raw.access.indexOf(onCall(raw)), 1)),
    'tailnet.breakGlass.group',
    'would be locked out',
    '{ from: [group:sre], to: ssh, why: … }',
  ],
  [
    'a break-glass intent that gives another group',
    after((raw) => Object.assign(onCall(raw), { from: ['group:platform'] })),
    'tailnet.breakGlass.group',
    'would be locked out',
    'group:sre',
  ],
  [
    'a break-glass group whose intent has an end',
    after((raw) => Object.assign(onCall(raw), { until: '2031-12-31' })),
    'access[1].until',
    'would lock out group:sre',
    'leave until out here',
  ],
  [
    'a tool that deploys and that nobody declared',
    given({ tool: 'cy' }),
    'tailnet.breakGlass.tool',
    'nobody declared',
    'under tools',
  ],
  [
    'a tool that deploys and has no way to the hosts',
    (raw) => [Object.assign(raw, { tools: { ci: { why: 'deploys' } } }), given({ tool: 'ci' })(raw)],
    'tailnet.breakGlass.tool',
    'would be locked out: no access intent gives tool:ci ssh',
    '{ from: [tool:ci], to: ssh, why: … }',
  ],
  [
    'a break-glass service on a host that people have no path to',
    // Three clouds: a droplet that is no member, at a site without routers.
    after((raw) => Object.assign(raw.services?.ssh ?? {}, { on: ['role:router', 'sin-raw-01'] })),
    'tailnet.breakGlass.service',
    'sin-raw-01 is no member',
    'take these hosts off the service',
  ],
  [
    'an ETag that is none',
    (raw) => Object.assign(raw.tailnet ?? {}, { takeOver: 'latest' }),
    'tailnet.takeOver',
    'not the ETag',
    '64 hex digits',
  ],
];

/** The same group kept in by what would lock nobody out. */
export const KEPT_IN: [string, (raw: Loose) => unknown][] = [
  ['its intent', given()],
  [
    'an intent for good beside one that ends',
    after((raw) => raw.access.push({ from: ['group:sre'], to: 'ssh', until: '2031-12-31', why: 'twice' })),
  ],
  [
    'its intent, and the tool that deploys by its own',
    (raw) => [
      Object.assign(raw, { tools: { ci: { why: 'deploys' } } }),
      given({ tool: 'ci' })(raw),
      raw.access.push({ from: ['tool:ci'], to: 'ssh', why: 'deploys' }),
    ],
  ],
  ['its intent among others', after((raw) => raw.access.push({ from: ['group:platform'], to: 'ssh', why: 'too' }))],
  [
    'an intent for a service that is a LAN host behind routers',
    (raw) => [
      given({ service: 'postgres' })(raw),
      raw.access.push({ from: ['group:sre'], to: 'postgres', why: 'night' }),
    ],
  ],
];
