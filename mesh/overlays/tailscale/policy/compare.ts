import { portSet, portTexts, type PortSet } from '../../../access/ports.ts';
import { grouped, type AccessChange } from './changes.ts';
import { Evaluation, type EntityClass } from './classes.ts';
import { onlyOne, partsAt, type RuleShare } from './matrix.ts';
import { Once } from './once.ts';
import { given, missing, told, weaker, type Permission } from './permission.ts';
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
  const byTarget = new Once<EntityClass | undefined, Alike[]>();
  for (const target of targets) byTarget.of(target.there, () => []).push(target);
  const side = there.evaluation.side;
  const isNew = (one: Entity): boolean => !here.evaluation.side.faces.has(one);
  const changes: AccessChange[] = [];
  for (const source of sources) {
    const [former, present] = [here.evaluation.reach(source.here), there.evaluation.reach(source.there)];
    const before = new Map<EntityClass | undefined, Permission>(former.targets);
    const from = source.entities;
    const tell = (
      from: Entity[],
      to: AccessChange['to'],
      { ports, family, condition, parts, others }: Difference,
    ): void => {
      const concerned = partsAt(there.evaluation.parts, parts).filter((part) => touches(ports, given(part)));
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
      changes.push({
        from,
        to,
        ports: told(ports),
        ...(family !== undefined && { family }),
        ...(condition !== '' && { conditional: condition }),
        rules: [...rules.values()],
        joined: through,
        notes: [
          ...through.map((group) => `${words.joined} ${group}`),
          ...others.map((other) => `${condition === '' ? words.released : words.changed} ${other}`),
        ],
        fresh: come,
      });
    };
    for (const [target, permission] of present.targets) {
      for (const one of byTarget.of(target, () => [])) {
        const old = before.get(one.here);
        if (old?.content === permission.content) continue;
        const to = one.entities;
        // Hosts reach themselves; of people and their own devices below.
        const alone = onlyOne(from, to);
        if (alone !== undefined && !isTagged(alone)) continue;
        const both = side.hasBoth(from) && side.hasBoth(to);
        for (const difference of differences(old, permission, both)) tell(from, to, difference);
      }
    }
    // What one may do to devices of one's own: by rules that say so, and by those that name the person on both sides.
    const own = former.own.levels.length + present.own.levels.length > 0;
    for (const one of own || source.entities.length === 1 ? source.entities : []) {
      if (!hasDevices(one)) continue;
      const [old, now] = [here.evaluation.toOwn(one), there.evaluation.toOwn(one)];
      for (const difference of differences(old, now, side.hasBoth([one]))) tell([one], 'own', difference);
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
  ports: PortSet;
  /** Where the two could speak in both, and differ in what they may. */
  family?: Family;
  condition: string;
  /** Rules that give it. */
  parts: readonly number[];
  /** Conditions on which the other revision permits some of it. */
  others: string[];
}

/**
 * What `now` permits beyond `old`, by condition: beyond what `old` permits on the same conditions or on fewer.
 * @param both whether the two can speak to each other in both families
 */
function differences(old: Permission | undefined, now: Permission, both: boolean): Difference[] {
  const before = old?.levels ?? [];
  return now.levels.flatMap(({ condition, keys, ports: all, parts }) => {
    const same = before.filter((level) => weaker(level.keys, keys));
    const beyond = (family: Family): PortSet =>
      same.reduce((left, level) => missing(left, level.ports[family]), all[family]);
    const [four, six] = [beyond(4), beyond(6)];
    const [texts4, texts6] = [portTexts(four), portTexts(six)];
    const apart = both && texts4.join() !== texts6.join();
    const found: { ports: PortSet; family?: Family; families: Family[] }[] = apart
      ? [
          { ports: four, family: 4, families: [4] },
          { ports: six, family: 6, families: [6] },
        ]
      : [{ ports: portSet([...texts4, ...texts6]), families: [4, 6] }];
    return found
      .filter(({ ports }) => ports.size > 0)
      .map(({ ports, family, families }) => ({
        ports,
        family,
        condition,
        parts: families.flatMap((one) => parts[one]),
        others: before
          .filter((level) => families.some((one) => touches(ports, level.ports[one])))
          .map((level) => level.condition),
      }));
  });
}

/** Whether some of the ports are among others; the ping that goes with every open port counts only where it is all there is. */
function touches(ports: PortSet, others: PortSet): boolean {
  const common = missing(ports, missing(ports, others));
  return [...common.keys()].some((protocol) => protocol !== 'icmp' || ports.size === 1);
}
