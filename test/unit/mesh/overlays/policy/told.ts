import { changeTexts, compareAccess, evaluator, labeller, type Policy, type World } from '../../../../../mesh/overlays/tailscale/policy/index.ts'; // prettier-ignore
import { world } from './fixtures.ts';

/** The matrix, a line for each row: `app-1 app-2 → db-1: tcp/5432`. */
export const rows = (of: Policy, around: World = world()): string[] =>
  evaluator(of, around)
    .matrix()
    .map(({ from, to, ports, family, conditional }) => {
      const ends = [from, to].map((end) => (end === 'own' ? 'own' : end.map(({ label }) => label).join(' ')));
      return `${ends.join(' → ')}: ${ports.join(' ')}${family === undefined ? '' : ` v${family}`}${conditional === undefined ? '' : ` if ${conditional}`}`;
    });

/** A change as sentences. */
export function changes(
  before: Policy,
  after: Policy,
  [old, now]: readonly [World, World] = [world(), world()],
  rename?: (tag: string) => string | undefined,
): string[] {
  const revisions = [{ policy: before, world: old }, { policy: after, world: now }] as const; // prettier-ignore
  const comparison = compareAccess(...revisions);
  return changeTexts(comparison, labeller(comparison.entities, revisions, rename)).map(({ sentence }) => sentence);
}
