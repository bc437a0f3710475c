import { readdirSync } from 'node:fs';
import type { Cable, CableEnd, Layout, Namespace, Setting } from './layout.ts';
import { netnsPath } from './names.ts';
import { each, ip, ipForce, nft, sysctl } from './run.ts';
import { cableKey, netnsInode, type NamespaceState, type State } from './state.ts';

export interface Change {
  layout: Layout;
  /** What is there; brought up to date as the change proceeds. */
  state: State;
  /** Called before anything that a crash must not hide, and at the end. */
  save: () => void;
  /** All namespaces stand; nothing is set in new ones yet. @returns devices that were made anew just now, as `NAMESPACE NAME` */
  ready: () => Promise<string[]>;
}

/** Makes the kernel follow the layout with as few commands as the difference needs. */
export async function apply({ layout, state, save, ready }: Change): Promise<void> {
  forgetLost(state);
  const fresh = layout.namespaces.filter(({ name, generation }) => state.namespaces[name]?.generation !== generation);
  const wanted = new Map(layout.namespaces.map((one) => [one.name, one]));
  const renewed = new Set(fresh.map(({ name }) => name));
  const goneNamespaces = Object.keys(state.namespaces).filter((name) => !wanted.has(name) || renewed.has(name));
  const cables = new Map(layout.cables.map((cable) => [cableKey(cable), cable]));
  const torn = new Set([...goneNamespaces, ...renewed]);
  const goneCables = Object.entries(state.cables).filter(([key, { sure, ...cable }]) => {
    const now = cables.get(key);
    return !sure || now === undefined || !same(now, cable) || ends(cable).some(({ namespace }) => torn.has(namespace));
  });
  const newCables = layout.cables.filter((cable) => {
    const key = cableKey(cable);
    return state.cables[key] === undefined || goneCables.some(([gone]) => gone === key);
  });

  for (const [key, cable] of goneCables) {
    state.cables[key] = { ...cable, sure: false };
    for (const end of ends(cable)) forgetDevice(state, end);
  }
  for (const cable of newCables) state.cables[cableKey(cable)] = { ...cable, sure: false };
  save();
  await removeCables(
    goneCables.map(([, cable]) => cable),
    state,
  );
  for (const [key] of goneCables) if (!cables.has(key)) Reflect.deleteProperty(state.cables, key);
  await renewNamespaces(goneNamespaces, fresh, state);
  save();
  const [made] = await Promise.all([ready(), ip(undefined, newCables.map(cableCommand))]);
  for (const device of made) {
    const [namespace = '', name = ''] = device.split(' ');
    forgetDevice(state, { namespace, name });
  }
  // What a machine sees goes up last: an interface that goes up before its other end is without a queue for up to a second.
  const outer = new Set(layout.cables.map((cable) => cable.outer.namespace));
  const changes = differences(layout.namespaces, state, save);
  await settle(changes.filter(({ namespace }) => outer.has(namespace.name)));
  await settle(changes.filter(({ namespace }) => !outer.has(namespace.name)));
  await awake(newCables);
  for (const cable of newCables) state.cables[cableKey(cable)] = { ...cable, sure: true };
  save();
}

const ends = ({ outer, inner }: Cable): CableEnd[] => [outer, inner];
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Namespaces that are not those of the state any more: the machine restarted, or somebody took them away. */
function forgetLost(state: State): void {
  for (const [name, { inode }] of Object.entries(state.namespaces)) {
    if (netnsInode(name) === inode) continue;
    Reflect.deleteProperty(state.namespaces, name);
    for (const cable of Object.values(state.cables))
      if (ends(cable).some(({ namespace }) => namespace === name)) cable.sure = false;
  }
}

/** With a device its addresses and routes are gone. */
function forgetDevice(state: State, { namespace, name }: Pick<CableEnd, 'namespace' | 'name'>): void {
  const settings = state.namespaces[namespace]?.settings ?? {};
  for (const [key, { device }] of Object.entries(settings)) if (device === name) Reflect.deleteProperty(settings, key);
}

/** By the one end that is in a namespace we know: what another process of ours or somebody else took away may linger in the kernel. */
async function removeCables(cables: readonly Cable[], { namespaces }: State): Promise<void> {
  const known = cables.flatMap(
    (cable) => ends(cable).find(({ namespace }) => namespaces[namespace] !== undefined) ?? [],
  );
  await each([...Map.groupBy(known, ({ namespace }) => namespace)], async ([namespace, group]) =>
    ipForce(
      namespace,
      group.map(({ name }) => `link del ${name}`),
    ),
  );
}

async function renewNamespaces(gone: readonly string[], fresh: readonly Namespace[], state: State): Promise<void> {
  for (const name of gone) Reflect.deleteProperty(state.namespaces, name);
  const standing = [...new Set([...gone, ...fresh.map(({ name }) => name)])].filter(
    (name) => netnsInode(name) !== undefined,
  );
  await ip(undefined, [
    ...standing.map((name) => `netns del ${name}`),
    ...fresh.map(({ name }) => `netns add ${name}`),
  ]);
  await each(fresh, ({ name, sysctls }) => sysctl(netnsPath(name), sysctls));
  for (const { name, generation } of fresh)
    state.namespaces[name] = { inode: netnsInode(name) ?? 0, generation, settings: {}, nft: '', sure: true };
}

function cableCommand({ outer, inner, mtu }: Cable): string {
  const end = ({ name, mac, namespace }: CableEnd): string => `${name} address ${mac} mtu ${mtu} netns ${namespace}`;
  return `link add ${end(outer)} type veth peer name ${end(inner)}`;
}

/** What must change in which namespace; on record before it is done. */
function differences(namespaces: readonly Namespace[], state: State, save: () => void): Difference[] {
  const changes = namespaces.flatMap((namespace) => {
    const now = state.namespaces[namespace.name];
    return now === undefined ? [] : difference(namespace, now);
  });
  for (const { now, namespace, removed } of changes) {
    now.settings = { ...byKey(removed), ...byKey(namespace.settings) };
    now.sure = false;
  }
  save();
  return changes;
}

/** Rules first: a port that comes up before its filter would let through what it must not. */
async function settle(changes: readonly Difference[]): Promise<void> {
  await each(changes, async ({ namespace: { name, nft: file, settings }, now, removed, added, wasSure }) => {
    if (file !== '' && (now.nft !== file || !wasSure)) await nft(netnsPath(name), file);
    now.nft = file;
    await ipForce(
      name,
      removed.flatMap(({ remove }) => remove ?? []),
    );
    const commands = added.map(({ add }) => add);
    await (wasSure ? ip(name, commands) : ipForce(name, commands));
    now.settings = byKey(settings);
    now.sure = true;
  });
}

/** The kernel looks at new carriers once a second, and at once if it is asked for an interface (Linux 6.8 and newer). */
async function awake(cables: readonly Cable[]): Promise<void> {
  await each([...Map.groupBy(cables, ({ outer }) => outer.namespace)], async ([namespace, group]) =>
    ip(
      namespace,
      group.map(({ outer }) => `link show dev ${outer.name}`),
    ),
  );
}

const byKey = (settings: readonly Setting[]): Record<string, Setting> =>
  Object.fromEntries(settings.map((setting) => [setting.key, setting]));

interface Difference {
  namespace: Namespace;
  now: NamespaceState;
  removed: Setting[];
  added: Setting[];
  wasSure: boolean;
}

function difference(namespace: Namespace, now: NamespaceState): Difference[] {
  const settings = new Map(namespace.settings.map((setting) => [setting.key, setting]));
  const removed = Object.values(now.settings).filter(({ key }) => !settings.has(key));
  const added = [...settings.values()].filter(({ key, add }) => !now.sure || now.settings[key]?.add !== add);
  const wasSure = now.sure;
  return removed.length + added.length > 0 || now.nft !== namespace.nft || !wasSure
    ? [{ namespace, now, removed, added, wasSure }]
    : [];
}

/** Takes all namespaces whose names start so, with everything in them. */
export async function removeNamespaces(prefix: string): Promise<void> {
  const names = readdirSync(netnsPath(''), { withFileTypes: true })
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix));
  await ip(
    undefined,
    names.map((name) => `netns del ${name}`),
  );
}
