import { groupName } from '../../../config/fields.ts';
import { parseRange } from '../policy/ranges.ts';
import type { Rule, Selector } from '../policy/types.ts';
import { OWNER_TAG } from '../tags.ts';
import { isRole, NO_ROLE, peopleName } from './names.ts';
import type { Draft } from './types.ts';

/** Sources of a rule as an intent names them; what it cannot name is a leftover. Groups that are named join the draft. */
export function sourcesOf(draft: Draft, rule: Pick<Rule, 'path' | 'line' | 'src'>): string[] {
  const found = rule.src.flatMap((selector, index) => {
    const source = sourceOf(draft, selector);
    if (typeof source === 'string') return [source];
    const { path, line } = rule;
    draft.leftovers.push({ path: `${path}.src[${index}]`, line, what: selector.text, ...source });
    return [];
  });
  return [...new Set(found)].sort();
}

type Refusal = { why: string; todo: string };

function sourceOf(draft: Draft, selector: Selector): string | Refusal {
  switch (selector.kind) {
    case 'group':
      return groupOf(draft, selector.text.replace(/^group:/, ''), selector.members);
    case 'user':
      return groupOf(draft, peopleName(selector.login), [selector.login]);
    case 'tag':
      return tagOf(draft, selector.tag);
    case 'addresses':
      return lanOf(draft, selector);
    case 'any':
      return {
        why: 'everybody and everything is no source here: what is not named is denied',
        todo: 'name the groups, sites or roles that really connect',
      };
    case 'domain':
    case 'autogroup':
      return {
        why: 'groups here are lists of people, so that a change of one is seen',
        todo: 'list these people under groups and name the group',
      };
    case 'service':
      return { why: 'a Tailscale service opens no connections', todo: 'leave it out' };
  }
}

function groupOf(draft: Draft, name: string, members: readonly string[]): string | Refusal {
  if (!groupName.safeParse(name).success)
    return {
      why: 'the name of a group here begins with a letter and has lower-case letters, digits and hyphens',
      todo: 'add the group under another name, and the intent with it',
    };
  if (members.length === 0)
    return { why: 'nobody is in this group', todo: 'add it under groups with its people, and the intent with it' };
  const people = [...new Set(members)].sort();
  const there = draft.around.groups[name] ?? draft.groups[name];
  if (there === undefined) draft.groups[name] = people;
  else if (there.toSorted().join() !== people.join())
    return {
      why: `the stack has a group ${name} already, of other people (${there.join(', ')}; here: ${people.join(', ')})`,
      todo: 'decide who belongs to it, then add the intent; or give one of the two another name',
    };
  return `group:${name}`;
}

function tagOf({ around }: Draft, tag: string): string | Refusal {
  const name = tag.replace(/^tag:/, '');
  if (tag === OWNER_TAG)
    return { why: 'this is the tag of the deploying credential, and no node carries it', todo: 'leave it out' };
  const site = around.sites.find((one) => name === `site-${one.name}`);
  if (site !== undefined) return `site:${site.name}`;
  const tool = around.tools.find((one) => name === `tool-${one}`);
  if (tool !== undefined) return `tool:${tool}`;
  if (isRole(name)) return `role:${name}`;
  return { why: NO_ROLE, todo: 'name the site, the role or the tool that is meant' };
}

function lanOf({ around }: Draft, { ranges }: Extract<Selector, { kind: 'addresses' }>): string | Refusal {
  const site = around.sites.find(({ cidr, cidr6 }) =>
    [cidr, cidr6].some((prefix) => prefix !== undefined && isSame(ranges, prefix)),
  );
  if (site !== undefined) return `site:${site.name}`;
  return {
    why: 'sources are people, sites and roles, not addresses',
    todo: 'name the site (site:NAME) or a role of the hosts behind these addresses; a network that is no site is declared as one first',
  };
}

/** Whether addresses are those of this prefix, no more and no fewer: one range, from the same first to the same last. */
export function isSame(ranges: Extract<Selector, { kind: 'addresses' }>['ranges'], prefix: string): boolean {
  return ranges.join() === String(parseRange(prefix));
}
