import { portSet, portTexts, type PortSet } from '../../../access/ports.ts';
import { grouped, type AccessChange } from './changes.ts';
import { Evaluation, type Reach } from './classes.ts';
import { missing, together, told, weaker, type Part, type Permission } from './permission.ts';
import type { RuleShare } from './matrix.ts';
import type { Family } from './ranges.ts';
import { universe, type Entity, type Revision } from './universe.ts';

export interface AccessComparison {
  gains: AccessChange[];
  losses: AccessChange[];
  /** Everybody and everything in the two revisions, for names (labels.ts). */
  entities: readonly Entity[];
}

/**
 * Who gains and who loses what between two revisions, by what people, nodes and addresses may do and not by how it is written: order,
 * wording and equivalent forms are no change.
 */
export function compareAccess(before: Revision, after: Revision): AccessComparison {
  const entities = universe([before, after]);
  const [old, now] = [new Evaluation(entities, before), new Evaluation(entities, after)];
  return {
    entities,
    gains: grouped(oneWay(entities, { revision: before, evaluation: old }, { revision: after, evaluation: now }, GAIN)),
    losses: grouped(
      oneWay(entities, { revision: after, evaluation: now }, { revision: before, evaluation: old }, LOSS),
    ),
  };
}

/** What notes say, by direction. */
const GAIN = { joined: 'now in', released: 'no longer', changed: 'until now' };
const LOSS: typeof GAIN = { joined: 'no longer in', released: 'from now on', changed: 'from now on' };

interface Evaluated {
  revision: Revision;
  evaluation: Evaluation;
}

/** Entities that both revisions treat alike. */
interface Alike {
  here: number | undefined;
  there: number | undefined;
  entities: number[];
  /** Groups that they are in there, and not here. */
  joined: readonly string[];
}

/** What is permitted `there` and not `here`. */
function oneWay(entities: readonly Entity[], here: Evaluated, there: Evaluated, words: typeof GAIN): AccessChange[] {
  const joined = joiners(here.revision, there.revision);
  const sources = alike(entities, here.evaluation.sourceOf, there.evaluation.sourceOf, here, (one) =>
    one.kind === 'person' ? (joined.get(one.login) ?? []) : [],
  );
  const targets = alike(entities, here.evaluation.targetOf, there.evaluation.targetOf, here, () => []);
  const byTarget = new Map<number, Alike[]>();
  for (const target of targets)
    if (target.there !== undefined) byTarget.set(target.there, [...(byTarget.get(target.there) ?? []), target]);
  const named = (one: Alike): Entity[] => one.entities.flatMap((index) => entities[index] ?? []);
  const reach = ({ evaluation }: Evaluated, source: number | undefined): Reach =>
    source === undefined ? { targets: new Map() } : evaluation.reach(source);
  const absent = new Set(entities.filter((_, index) => here.evaluation.side.of[index]?.length === 0));
  const isNew = (one: Entity): boolean => ['node', 'lan-host'].includes(one.kind) && absent.has(one);
  const changes: AccessChange[] = [];
  for (const source of sources) {
    if (source.there === undefined) continue;
    const [former, present] = [reach(here, source.here), reach(there, source.there)];
    const from = named(source);
    const tell = (from: Entity[], to: AccessChange['to'], difference: Difference, both: ReadonlySet<Family>): void => {
      const concerned = partsIn(there.evaluation.parts, difference.permission, difference.ports);
      const through = source.joined.filter((group) =>
        concerned.some(({ rule }) => rule.src.some(({ text }) => text === group)),
      );
      const come = [...from, ...(to === 'own' ? [] : to)].filter(isNew).map(({ label }) => label);
      const rules = new Map<string, Omit<RuleShare, 'ports'>>();
      for (const { rule } of concerned)
        rules.set(rule.path, {
          path: rule.path,
          why: rule.why,
          src: texts(rule.src),
          dst: [...(rules.get(rule.path)?.dst ?? []), ...texts(rule.dst)],
        });
      for (const { ports, family } of byFamily(difference.ports, both)) {
        changes.push({
          from,
          to,
          ports: told(ports),
          ...(family !== undefined && { family }),
          ...(difference.condition !== '' && { conditional: difference.condition }),
          rules: [...rules.values()],
          joined: through,
          notes: [
            ...through.map((group) => `${words.joined} ${group}`),
            ...difference.others.map(
              (other) => `${difference.condition === '' ? words.released : words.changed} ${other}`,
            ),
          ],
          fresh: come,
        });
      }
    };
    for (const [target, permission] of present.targets) {
      for (const one of byTarget.get(target) ?? []) {
        const old = one.here === undefined ? undefined : former.targets.get(one.here);
        if (old?.content === permission.content) continue;
        const to = named(one);
        if (from.length === 1 && to.length === 1 && from[0]?.key === to[0]?.key) continue;
        const both = common(there, source, one);
        for (const difference of differences(old, permission)) tell(from, to, difference, both);
      }
    }
    // What one may do to devices of one's own: by rules that say so, and by those that name the person on both sides.
    const own = former.own !== undefined || present.own !== undefined;
    for (const index of own || source.entities.length === 1 ? source.entities : []) {
      const one = entities[index];
      if (one === undefined || !hasDevices(one)) continue;
      const old = together(former.own, toItself(here, former, index));
      const now = together(present.own, toItself(there, present, index));
      if (now === undefined || now.content === old?.content) continue;
      for (const difference of differences(old, now)) tell([one], 'own', difference, new Set([4, 6]));
    }
  }
  return changes;
}

const hasDevices = (one: Entity): boolean => one.kind === 'person' || (one.kind === 'others' && one.tagged !== true);

const toItself = ({ evaluation }: Evaluated, { targets }: Reach, entity: number): Permission | undefined =>
  targets.get(evaluation.targetOf[entity] ?? -1);

const texts = (selectors: readonly { text: string }[]): string[] => selectors.map(({ text }) => text);

function alike(
  entities: readonly Entity[],
  hereOf: readonly (number | undefined)[],
  thereOf: readonly (number | undefined)[],
  here: Evaluated,
  joined: (one: Entity) => readonly string[],
): Alike[] {
  const groups = new Map<string, Alike>();
  for (const [index, one] of entities.entries()) {
    const [a, b, groupsJoined] = [hereOf[index], thereOf[index], joined(one)];
    const known = (here.evaluation.side.of[index] ?? []).length > 0;
    const key = `${a} ${b} ${known} ${groupsJoined.join()}`;
    const group = groups.get(key);
    if (group) group.entities.push(index);
    else groups.set(key, { here: a, there: b, entities: [index], joined: groupsJoined });
  }
  return [...groups.values()];
}

/** Login → groups that it is in there, and that exist here without it. */
function joiners(here: Revision, there: Revision): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [group, members] of there.policy.groups) {
    const former = here.policy.groups.get(group);
    if (former === undefined) continue;
    const before = new Set(former);
    for (const login of members) if (!before.has(login)) found.set(login, [...(found.get(login) ?? []), group]);
  }
  return found;
}

/** Families in which the two can speak to each other at all. */
function common({ evaluation: { side } }: Evaluated, source: Alike, target: Alike): ReadonlySet<Family> {
  const of = ({ entities }: Alike): Set<Family> =>
    new Set((side.of[entities[0] ?? -1] ?? []).flatMap((face) => side.faces[face]?.family ?? []));
  const theirs = of(target);
  return new Set([...of(source)].filter((family) => theirs.has(family)));
}

interface Difference {
  ports: Readonly<Record<Family, PortSet>>;
  condition: string;
  permission: Permission;
  /** Conditions on which the other revision permits some of it. */
  others: string[];
}

/** What `now` permits beyond `old`, by condition: beyond what `old` permits on the same conditions or on fewer. */
function differences(old: Permission | undefined, now: Permission): Difference[] {
  const before = old?.levels ?? [];
  return now.levels.flatMap(({ condition, keys, ports }): Difference[] => {
    const same = before.filter((level) => weaker(level.keys, keys));
    const beyond = (family: Family): PortSet =>
      same.reduce((left, level) => missing(left, level.ports[family]), ports[family]);
    const left = { 4: beyond(4), 6: beyond(6) };
    if (left[4].size + left[6].size === 0) return [];
    const others = before.filter(
      (level) => !same.includes(level) && (touches(left[4], level.ports[4]) || touches(left[6], level.ports[6])),
    );
    return [{ ports: left, condition, permission: now, others: others.map((level) => level.condition) }];
  });
}

const touches = (a: PortSet, b: PortSet): boolean => portTexts(missing(a, b)).join() !== portTexts(a).join();

/** One entry where both families have the same, or only one of them is there; else one for each. */
function byFamily(ports: Difference['ports'], both: ReadonlySet<Family>): { ports: PortSet; family?: Family }[] {
  const [four, six] = [portTexts(ports[4]), portTexts(ports[6])];
  if (both.size < 2 || four.join() === six.join()) return [{ ports: portSet([...four, ...six]) }];
  return ([4, 6] as const)
    .filter((family) => ports[family].size > 0)
    .map((family) => ({ ports: ports[family], family }));
}

/** Rules of a permission that give some of these ports. */
function partsIn(parts: readonly Part[], permission: Permission, ports: Difference['ports']): Part[] {
  const all = permission.parts.flatMap((index) => parts[index] ?? []);
  const wanted = portSet([...portTexts(ports[4]), ...portTexts(ports[6])]);
  const giving = all.filter((part) => {
    const given =
      part.kind === 'network'
        ? part.rule.ports
        : part.rule.users.flatMap((user) => [`ssh as ${user}`, `ssh as ${user} without a check`]);
    return touches(wanted, portSet(given));
  });
  return giving.length > 0 ? giving : all;
}
