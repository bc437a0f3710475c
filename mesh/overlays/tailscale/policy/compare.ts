import { portSet, portTexts, type PortSet } from '../../../access/ports.ts';
import { grouped, type AccessChange } from './changes.ts';
import { Evaluation, type EntityClass } from './classes.ts';
import { onlyOne, partsAt, type RuleShare } from './matrix.ts';
import { Once } from './once.ts';
import { given, missing, told, weaker, type Part, type Permission } from './permission.ts';
import type { Family } from './ranges.ts';
import { hasDevices, isTagged, universe, type Entity, type Revision } from './universe.ts';

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
  here: EntityClass | undefined;
  there: EntityClass | undefined;
  entities: Entity[];
  /** Groups that they are in there, and not here. */
  joined: readonly string[];
}

/** What is permitted `there` and not `here`. */
function oneWay(entities: readonly Entity[], here: Evaluated, there: Evaluated, words: typeof GAIN): AccessChange[] {
  const joined = joiners(here.revision, there.revision);
  const sources = alike(
    entities,
    here.evaluation.sourceOf,
    there.evaluation.sourceOf,
    (one) => joined.get(one.label) ?? [],
  );
  const targets = alike(entities, here.evaluation.targetOf, there.evaluation.targetOf, () => []);
  const byTarget = Map.groupBy(targets, (target) => target.there);
  const side = there.evaluation.side;
  const isNew = (one: Entity): boolean => !here.evaluation.side.faces.has(one);
  const changes: AccessChange[] = [];
  for (const source of sources) {
    const [former, present] = [here.evaluation.reach(source.here), there.evaluation.reach(source.there)];
    const before = new Map<EntityClass | undefined, Permission>(former.targets);
    const from = source.entities;
    const tell = (from: Entity[], to: AccessChange['to'], difference: Difference, both: boolean): void => {
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
        const old = before.get(one.here);
        if (old?.content === permission.content) continue;
        const to = one.entities;
        // Hosts reach themselves; of people and their own devices below.
        const alone = onlyOne(from, to);
        if (alone !== undefined && !isTagged(alone)) continue;
        for (const difference of differences(old, permission))
          tell(from, to, difference, side.hasBoth(from) && side.hasBoth(to));
      }
    }
    // What one may do to devices of one's own: by rules that say so, and by those that name the person on both sides.
    const own = former.own.levels.length + present.own.levels.length > 0;
    for (const one of own || source.entities.length === 1 ? source.entities : []) {
      if (!hasDevices(one)) continue;
      for (const difference of differences(here.evaluation.toOwn(one), there.evaluation.toOwn(one)))
        tell([one], 'own', difference, side.hasBoth([one]));
    }
  }
  return changes;
}

const texts = (selectors: readonly { text: string }[]): string[] => selectors.map(({ text }) => text);

function alike(
  entities: readonly Entity[],
  hereOf: Evaluation['sourceOf'],
  thereOf: Evaluation['sourceOf'],
  joined: (one: Entity) => readonly string[],
): Alike[] {
  const groups = new Once<string, Alike>();
  for (const one of entities) {
    const [here, there, groupsJoined] = [hereOf.get(one), thereOf.get(one), joined(one)];
    const key = `${here?.at} ${there?.at} ${groupsJoined.join()}`;
    groups.of(key, () => ({ here, there, entities: [], joined: groupsJoined })).entities.push(one);
  }
  return groups.all();
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
    const others = before.filter((level) => touches(left[4], level.ports[4]) || touches(left[6], level.ports[6]));
    return [{ ports: left, condition, permission: now, others: others.map((level) => level.condition) }];
  });
}

const touches = (a: PortSet, b: PortSet): boolean => portTexts(missing(a, b)).join() !== portTexts(a).join();

/** One entry where both families have the same, or only one of them is there; else one for each. */
function byFamily(ports: Difference['ports'], both: boolean): { ports: PortSet; family?: Family }[] {
  const [four, six] = [portTexts(ports[4]), portTexts(ports[6])];
  if (!both || four.join() === six.join()) return [{ ports: portSet([...four, ...six]) }];
  return ([4, 6] as const)
    .filter((family) => ports[family].size > 0)
    .map((family) => ({ ports: ports[family], family }));
}

/** Rules of a permission that give some of these ports. */
function partsIn(parts: readonly Part[], permission: Permission, ports: Difference['ports']): Part[] {
  const wanted = portSet([...portTexts(ports[4]), ...portTexts(ports[6])]);
  return partsAt(parts, permission.parts).filter((part) => touches(wanted, given(part)));
}
