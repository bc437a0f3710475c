import type { Explained } from './types.ts';

/** The policy that a plan is compiled to. */
export const COMPILER: readonly Explained[] = [
  {
    file: 'mesh/overlays/tailscale/joined-tests.ts',
    text: 'const reach = new Reach(rules.filter(({ implicit }) => !implicit));',
    from: 'rules.filter(({ implicit }) => !implicit)',
    to: 'rules',
    why: 'the rules that nobody wrote lead to whole LANs, which no test asks about: nodes that they divide are looked at twice',
  },
  {
    file: 'mesh/overlays/tailscale/parties.ts',
    text: 'if (cached !== undefined) return cached;',
    from: 'cached !== undefined',
    to: 'false',
    why: 'what was found before is found again: a third slower with 70 sites',
  },
  {
    file: 'mesh/overlays/tailscale/parties.ts',
    text: 'this.#kinds[side].set(named.text, kinds);',
    from: 'this.#kinds[side].set(named.text, kinds);',
    to: '(left out)',
    why: 'what was found before is found again: a third slower with 70 sites',
  },
];
