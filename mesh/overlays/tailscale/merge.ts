import { overlaps } from '../../config/cidr.ts';
import { overlaps6 } from '../../config/cidr6.ts';
import { fault, type Path } from '../../config/fault.ts';
import type { StackFault } from '../../config/checks/across.ts';
import { modelTags, type PolicyModel } from './compile.ts';
import { environmentDenies, type StackPart } from './environments.ts';
import { modelInStack, type StackModel } from './in-stack.ts';
import { selectors } from './selectors.ts';
import { deployerTag } from './tags.ts';

export type MergeAnswer =
  | { ok: true; model: Omit<PolicyModel, 'owner'> }
  /** What two stacks say differently, each told at the later one by name. */
  | { ok: false; faults: StackFault[] };

/**
 * One policy of several stacks. Order never matters: the parts are put in order by name, and what two of them say of one name
 * must be the same, or it is a fault that names both and both values.
 * @param owner the stack that pushes it
 */
export function mergeParts(parts: readonly StackPart[], owner: string): MergeAnswer {
  const scoped = parts
    .map(({ stack, model }) => ({ stack, model: modelInStack(model, stack) }))
    .sort((a, b) => (a.stack < b.stack ? -1 : 1));
  const deployers = scoped.map(({ stack, model }) => ({
    tag: deployerTag(stack === owner ? undefined : stack),
    tags: modelTags(model),
  }));
  const faults = scoped.flatMap((later, index) =>
    scoped.slice(0, index).flatMap((earlier) => conflicts(earlier, later)),
  );
  if (faults.length > 0) return { ok: false, faults };
  const all = <T>(of: (model: StackModel) => readonly T[]): T[] => scoped.flatMap(({ model }) => of(model));
  return {
    ok: true,
    model: {
      groups: Object.fromEntries(all(({ groups }) => Object.entries(groups))),
      sites: all(({ sites }) => sites),
      members: all(({ members }) => members),
      namedMembers: all(({ namedMembers }) => namedMembers),
      memberRoles: all(({ memberRoles }) => memberRoles),
      tools: all(({ tools }) => tools),
      lanHosts: all(({ lanHosts }) => lanHosts),
      rules: all(({ rules }) => rules),
      deployers,
      denies: environmentDenies(scoped),
    },
  };
}

function conflicts(earlier: StackPart, later: StackPart): StackFault[] {
  const told = (path: Path, value: string, problem: string, remedy: string): StackFault => ({
    ...fault(path, value, problem, remedy),
    stack: later.stack,
  });
  return [
    ...groupConflicts(earlier, later, told),
    ...aliasConflicts(earlier, later, told),
    ...tagConflicts(earlier, later, told),
    ...routeConflicts(earlier, later, told),
  ];
}

type Tell = (path: Path, value: string, problem: string, remedy: string) => StackFault;

/** A group is people, whichever stack names it. */
function groupConflicts(earlier: StackPart, later: StackPart, told: Tell): StackFault[] {
  return Object.entries(later.model.groups).flatMap(([group, people]) => {
    const mine = people.toSorted().join(', ');
    const theirs = earlier.model.groups[group]?.toSorted().join(', ');
    if (theirs === undefined || theirs === mine) return [];
    return [
      told(
        ['groups', group],
        mine,
        `is ${theirs} in stack ${earlier.stack}, and a group is one in a shared tailnet`,
        'list the same people in both, or call one of the groups otherwise',
      ),
    ];
  });
}

/** Name in the policy → address or prefix; empty for what is no alias. */
const aliases = ({ model }: StackPart): Map<string, string> =>
  new Map(
    [...model.rules.flatMap((rule) => [...rule.sources, ...rule.targets]), ...model.lanHosts]
      .flatMap(selectors)
      .map(({ text, value = '' }) => [text, value]),
  );

function aliasConflicts(earlier: StackPart, later: StackPart, told: Tell): StackFault[] {
  const theirs = aliases(earlier);
  return [...aliases(later)].flatMap(([name, value]) => {
    const other = theirs.get(name);
    if (other === undefined || other === value) return [];
    return [
      told(
        ['sites'],
        value,
        `is called ${name} in the policy, and so is ${other} of stack ${earlier.stack}`,
        'rename the host, site or stack of one of the two',
      ),
    ];
  });
}

/** One stack's credential owns the tags of that stack and no others: a tag of both would join what is to be apart. */
function tagConflicts(earlier: StackPart, later: StackPart, told: Tell): StackFault[] {
  const theirs = new Set(modelTags(earlier.model));
  return modelTags(later.model)
    .filter((tag) => theirs.has(tag))
    .map((tag) =>
      told(
        ['sites'],
        tag,
        `would be owned by the credential of stack ${later.stack} and by that of stack ${earlier.stack}`,
        'rename the role, site, host or stack of one of the two',
      ),
    );
}

/** An approver of a prefix approves every part of it. */
function routeConflicts(earlier: StackPart, later: StackPart, told: Tell): StackFault[] {
  return later.model.sites
    .filter(({ routers }) => routers)
    .flatMap((site) =>
      earlier.model.sites
        .filter(({ routers }) => routers)
        .flatMap((other) => {
          const pairs: [string | undefined, string | undefined, typeof overlaps][] = [
            [site.cidr, other.cidr, overlaps],
            [site.cidr6, other.cidr6, overlaps6],
          ];
          return pairs.flatMap(([mine, theirs, meet]) =>
            mine === undefined || theirs === undefined || !meet(mine, theirs)
              ? []
              : [
                  told(
                    ['sites'],
                    mine,
                    `of ${site.name} overlaps ${theirs} of ${other.name}: the routers of one could take over the other's LAN`,
                    'give every site of every stack a prefix of its own',
                  ),
                ],
          );
        }),
    );
}
