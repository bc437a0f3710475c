import { PolicyUnreadable, readPolicy } from '../../../../../mesh/overlays/tailscale/policy/index.ts';

/** What is wrong with a policy, as `path@line: message`; empty: nothing. */
export function faults(of: string): string[] {
  try {
    readPolicy(of);
  } catch (error) {
    if (error instanceof PolicyUnreadable)
      return error.faults.map(({ path, line, message }) => `${path}@${line ?? '-'}: ${message}`);
    throw error;
  }
  return [];
}
