import { resourceGuardrail, type Finding } from './guardrail.ts';

const KEY = 'tailscale:index/tailnetKey:TailnetKey';
const NODE = 'mesh:index:TailnetNode';
const DAY = 86_400;
/** What Tailscale gives a key that names no time. */
const DEFAULT_DAYS = 90;
/** Tags of what comes and goes: runners of a CI. Config of the guardrail says others. */
const EPHEMERAL_TAGS = ['tag:ci', 'tag:tool-ci'];

/**
 * Keys that let a machine into the tailnet serve once, for a day at most, with a tag. What comes and goes is ephemeral, so that it
 * leaves no dead device behind; what stays is not, or it would be thrown out by its first outage.
 */
export const authKeys = resourceGuardrail({
  name: 'auth-keys',
  description:
    'Auth keys are single-use, live a day at most, and carry tags; ephemeral are those of machines that come and go.',
  severity: 'high',
  remedy:
    'Write reusable: false, expiry: 3600, tags: […], and ephemeral: true only for runners; or let mesh:index:TailnetNode make the key.',
  types: [KEY, NODE],
  settings: {
    ephemeralTags: {
      type: 'array',
      items: { type: 'string', pattern: '^tag:' },
      default: EPHEMERAL_TAGS,
      description: 'Tags of machines that come and go: their keys are ephemeral, and no others',
    },
  },
  judge: ({ type, props, ...resource }, known) => {
    const { ephemeralTags = EPHEMERAL_TAGS } = resource.getConfig<{ ephemeralTags?: string[] }>();
    const expiry = type === KEY ? 'expiry' : 'keySeconds';
    const findings: (Finding | false)[] = [];
    const tags = known.read(() => (Array.isArray(props.tags) ? Array.from<unknown>(props.tags) : []));
    if (tags?.length === 0)
      findings.push({ path: 'tags', kind: 'untagged', what: 'the key has no tag, so its machine would be a person’s' });
    const seconds = known.read((): unknown => props[expiry]);
    // Ours takes an hour when nobody says anything.
    if (type === KEY)
      findings.push(
        known.read(() => props.expiry === undefined) === true && {
          path: expiry,
          kind: 'long',
          what: `no time is named, which is ${DEFAULT_DAYS} days`,
        },
      );
    if (seconds !== undefined && !(typeof seconds === 'number' && seconds > 0 && seconds <= DAY))
      findings.push({ path: expiry, kind: 'long', what: `a key lives ${DAY} seconds at most` });
    if (type === KEY) {
      if (known.read(() => isTrue(props.reusable)) === true)
        findings.push({ path: 'reusable', kind: 'reusable', what: 'whoever finds the key may join with it again' });
      const ephemeral = known.read(() => isTrue(props.ephemeral));
      const passing = tags?.some((tag) => ephemeralTags.includes(String(tag)));
      if (ephemeral !== undefined && passing !== undefined && ephemeral !== passing)
        findings.push({
          path: 'ephemeral',
          kind: 'ephemeral',
          what: passing
            ? 'a machine that comes and goes would leave a dead device'
            : 'a machine that stays would be thrown out by an outage',
        });
    }
    return findings.filter((finding) => finding !== false);
  },
});

const isTrue = (value: unknown): boolean => value === true || value === 'true';
