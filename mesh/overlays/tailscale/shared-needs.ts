import { parse, type ParseError } from 'jsonc-parser';
import { lists, member } from './within.ts';

/** What a stack needs of a policy that another one pushes. */
export interface PolicyNeeds {
  /** Tag of its credential. */
  tag: string;
  /** Tags that its credential gives to nodes. */
  tags: readonly string[];
  /** Prefixes that its routers advertise, each with the tag that approves it. */
  routes: readonly { prefix: string; tag: string }[];
}

/**
 * What a policy text does not give yet, in words: tags that the credential may not give, routes that nothing approves. Empty
 * when the stack can join its hosts.
 * @param text HuJSON, as it is live
 */
export function missingIn(text: string, { tag, tags, routes }: PolicyNeeds): string[] {
  const errors: ParseError[] = [];
  const policy: unknown = parse(text, errors, { allowTrailingComma: true });
  if (errors.length > 0) return ['it cannot be read'];
  const owners = member(policy, 'tagOwners');
  const approved = member(member(policy, 'autoApprovers'), 'routes');
  return [
    ...(member(owners, tag) === undefined
      ? [`${tag}, which the credential of this stack carries, is unknown to it`]
      : []),
    ...tags.filter((one) => !lists(member(owners, one), tag)).map((one) => `${one} is not given out by ${tag}`),
    ...routes
      .filter((one) => !lists(member(approved, one.prefix), one.tag))
      .map((one) => `${one.prefix} is not approved for ${one.tag}`),
  ];
}
