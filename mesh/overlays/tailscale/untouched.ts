import { parse, type ParseError } from 'jsonc-parser';
import { OWNER_TAG } from './tags.ts';

/** Rules that a new tailnet starts with, in the forms that the service has used; each as compact JSON. */
const STARTING_RULES: Readonly<Record<string, readonly string[]>> = {
  grants: ['[{"src":["*"],"dst":["*"],"ip":["*"]}]'],
  acls: ['[{"action":"accept","src":["*"],"dst":["*:*"]}]'],
  ssh: [
    '[{"action":"check","src":["autogroup:member"],"dst":["autogroup:self"],"users":["autogroup:nonroot","root"]}]',
    '[{"action":"check","src":["autogroup:members"],"dst":["autogroup:self"],"users":["autogroup:nonroot","root"]}]',
  ],
  nodeAttrs: [
    '[{"target":["autogroup:member"],"attr":["funnel"]}]',
    '[{"target":["autogroup:members"],"attr":["funnel"]}]',
  ],
};

/**
 * Whether a policy says no more than a new tailnet's own, except who owns the deploying credential's tag. An OAuth client
 * that makes join keys must hold a tag, and that tag must stand in the policy before the client can be made: so the
 * policy that the first push finds is hardly ever the untouched one, although nobody has decided anything in it.
 * @param text HuJSON; a text that cannot be read is somebody's
 */
export function saysNothing(text: string): boolean {
  const errors: ParseError[] = [];
  const policy: unknown = parse(text, errors, { allowTrailingComma: true });
  if (errors.length > 0 || !isMapping(policy)) return false;
  return Object.entries(policy).every(([section, value]) => {
    if (section === 'tagOwners') return isMapping(value) && Object.keys(value).every((tag) => tag === OWNER_TAG);
    // An empty list of rules denies everything, which somebody may well have meant.
    const said = JSON.stringify(value);
    return said === '{}' || STARTING_RULES[section]?.includes(said) === true;
  });
}

const isMapping = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
