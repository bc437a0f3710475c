import { ancestors, type Recording, type Registration } from './record.ts';

const label = ({ type, name }: Registration): string => `${type} ${name}`;
const isProvider = ({ type }: Registration): boolean => type.startsWith('pulumi:providers:');

/** Everything that is made, joined or paid for and does not wait for the tailnet's policy. Host keys spend nothing. */
export function beforePolicy(recording: Recording): string[] {
  const policy = recording.resources.find(({ type }) => type === 'mesh:index:TailnetPolicy');
  return recording.resources
    .filter((one) => one.custom && !isProvider(one) && one !== policy && one.type !== 'mesh:index:HostKey')
    .filter((one) => policy === undefined || !ancestors(recording, one).has(policy.urn))
    .map(label);
}

/** Machines that are made before the firewall that finds them by label or tag. */
export function beforeFirewall(recording: Recording): string[] {
  const firewalls = new Map(
    recording.resources.filter(({ type }) => type.endsWith('/firewall:Firewall')).map((one) => [one.urn, one]),
  );
  const finds = ({ inputs: { applyTos, tags } }: Registration, { inputs }: Registration): boolean => {
    const { tags: carried = [], labels = {} } = inputs as { tags?: string[]; labels?: Record<string, string> };
    const [selector] = (applyTos ?? []) as { labelSelector: string }[];
    if (selector === undefined) return ((tags ?? []) as string[]).some((tag) => carried.includes(tag));
    return selector.labelSelector.split(',').every((pair) => labels[pair.split('=')[0] ?? ''] === pair.split('=')[1]);
  };
  return recording.resources
    .filter(({ type }) => /server:Server$|droplet:Droplet$/.test(type))
    .filter((machine) => {
      const earlier = [...ancestors(recording, machine)].flatMap((urn) => firewalls.get(urn) ?? []);
      return !earlier.some((firewall) => finds(firewall, machine));
    })
    .map(label);
}

/** What of router `second` does not wait for all of router `first`, or the other way round. Keys and addresses are no matter of it. */
export function pairFaults(recording: Recording, first: string, second: string): string[] {
  const machines =
    /server:Server$|droplet:Droplet$|ServerNetwork$|ReservedIpAssignment$|ServerReady$|HostRelease$|TailnetNode$|remote:Command$/;
  const of = (host: string): Registration[] =>
    recording.resources.filter(
      ({ type, name }) => machines.test(type) && (name === host || name.startsWith(`${host}.`)),
    );
  const [earlier, later] = [of(first), of(second)];
  if (earlier.length === 0 || later.length === 0) return [`nothing is made for ${first} or ${second}`];
  const waiting = later.flatMap((one) => {
    const waits = ancestors(recording, one);
    return earlier.filter(({ urn }) => !waits.has(urn)).map((missing) => `${label(one)} before ${label(missing)}`);
  });
  const reverse = earlier.flatMap((one) =>
    later.filter(({ urn }) => ancestors(recording, one).has(urn)).map((wrong) => `${label(one)} after ${label(wrong)}`),
  );
  const urns = new Set(earlier.map(({ urn }) => urn));
  const values = later.flatMap((one) =>
    Object.entries(one.propertyDependencies).flatMap(([property, from]) =>
      from.some((urn) => urns.has(urn)) ? [`${label(one)} takes ${property} from ${first}`] : [],
    ),
  );
  return [...waiting, ...reverse, ...values];
}

/** The same recording with one resource changed: what a check must notice. Throws when there is no such resource. */
export function tampered(
  recording: Recording,
  { type, name }: { type: string; name: string },
  change: (one: Registration) => Partial<Registration>,
): Recording {
  let hit = 0;
  const resources = recording.resources.map((one) => {
    if (one.type !== type || one.name !== name) return one;
    hit += 1;
    return { ...one, ...change(one) };
  });
  if (hit !== 1) throw new Error(`${hit} of ${type} ${name}`);
  return { ...recording, resources };
}

/** All that is registered, as an indented text: who is whose child, by which provider, with which options. */
export function treeText({ resources }: Recording): string {
  const below = (parent: string, indent: string): string[] =>
    resources
      .filter((one) => one.parent === parent)
      .sort((a, b) => (label(a) < label(b) ? -1 : 1))
      .flatMap((one) => [`${indent}${line(one)}`, ...below(one.urn, `${indent}  `)]);
  return `${below('', '').join('\n')}\n`;
}

function line(one: Registration): string {
  const { provider, protect, deleteBeforeReplace, ignoreChanges, beforeUpdate } = one;
  const options = [
    provider === '' ? '' : `by ${provider.split('::').at(-2) ?? ''}`,
    protect ? 'protected' : '',
    deleteBeforeReplace ? 'deleted first' : '',
    ignoreChanges.length > 0 ? `ignores ${ignoreChanges.join(' ')}` : '',
    beforeUpdate.length > 0 ? `before an update ${beforeUpdate.join(' ')}` : '',
  ].filter(Boolean);
  return [label(one), ...options].join(', ');
}
