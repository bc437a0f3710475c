import { checkPeriod, sshUser } from '../../../config/fields.ts';
import type { SshRule } from '../policy/types.ts';
import { reason } from './names.ts';
import { sourcesOf } from './sources.ts';
import { targetsOf } from './targets.ts';
import type { Draft } from './types.ts';

/** The service's own period of a check, where a rule names none. */
const DEFAULT_CHECK = '12h';

/**
 * A rule for Tailscale SSH as an intent. It lets in to port 22 as well, which on the service is a grant of its own: where
 * the policy has none, the intent gives more than the rule did, and the comparison of both says so.
 */
export function adoptLogin(draft: Draft, rule: SshRule): void {
  const { path, line, action, users } = rule;
  const from = sourcesOf(draft, rule);
  const on = targetsOf(draft, rule).filter((place) => {
    const host = draft.around.places.find(({ name }) => name === place);
    if (host?.party.kind !== 'lan') return true;
    const why = 'Tailscale SSH runs on members, and this host is none';
    draft.leftovers.push({ path, line, what: place, why, todo: 'give it member: true, or use its own SSH server' });
    return false;
  });
  const known = users.filter((user) => sshUser.safeParse(user).success);
  for (const user of users)
    if (!known.includes(user))
      draft.leftovers.push({
        path,
        line,
        what: user,
        why: 'an intent names logins that hosts have',
        todo: 'name the logins that are used, for example ops',
      });
  if (from.length === 0 || on.length === 0 || known.length === 0) return;
  const check = action === 'check' ? (rule.checkPeriod ?? DEFAULT_CHECK) : undefined;
  if (check !== undefined && !checkPeriod.safeParse(check).success) {
    const why = 'a check holds for hours and minutes here';
    draft.leftovers.push({ path, line, what: check, why, todo: 'write the intent with a period from 1m to 168h' });
    return;
  }
  const ssh = { on, users: [...new Set(known)].sort(), ...(check !== undefined && { check }) };
  draft.access.push({ from, ssh, why: reason(rule.why, `adopted from ${path}`) });
}
