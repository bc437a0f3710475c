import type { Node } from 'jsonc-parser';
import { elements, fields, parse, Unreadable } from './hujson.ts';

/**
 * What a tailnet policy leaves without a test, each reason a phrase; empty when it is tested, or has no rule that could be. A text
 * that cannot be read says nothing here: why it is refused is told by `allowAllReasons`.
 * @param logins whether rules of Tailscale SSH need tests in the text; such a test holds only once its nodes have joined
 */
export function untestedReasons(policy: string, logins: boolean): string[] {
  try {
    const root = parse(policy);
    const count = (...keys: string[]): number => elements(fields(root, 'the top level', ...keys), keys.join()).length;
    const rules = count('grants', 'acls');
    const tests = elements(fields(root, 'the top level', 'tests'), 'tests');
    return [
      ...(rules > 0 && tests.length === 0 ? ['the policy has rules and no "tests"'] : []),
      ...(rules > 0 && tests.length > 0 && !tests.some((test) => says(test, 'deny'))
        ? ['no test of the policy says what must be denied ("deny"), so that a broader rule passes them all']
        : []),
      ...(logins && count('ssh') > 0 && count('sshTests') === 0
        ? ['the policy has "ssh" rules and no "sshTests"']
        : []),
    ];
  } catch (error) {
    if (error instanceof Unreadable) return [];
    throw error;
  }
}

const says = (test: Node, key: string): boolean => elements(fields(test, 'tests', key), `tests.${key}`).length > 0;
