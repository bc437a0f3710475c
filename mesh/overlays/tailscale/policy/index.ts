/**
 * Any tailnet policy, read and evaluated: who may reach what, by which rule, and who gains or loses what between two revisions.
 *
 * - `readPolicy(text)` → `{ policy, unjudged }`, or throws `PolicyUnreadable` with every fault.
 * - `evaluator(policy, world)` → `ask(question)` and `matrix()`.
 * - `compareAccess(before, after)` → gains and losses.
 *
 * Semantics are those of the service and of the packet filter on the nodes: rules only add up; sources and targets must be of one family of
 * addresses; a rule without a protocol is for tcp, udp and icmp; any open port lets a ping through; `*` as a source is nodes and what is behind
 * approved routes; a text with neither `acls` nor `grants` permits everything. What cannot be judged (postures, `via`, addresses of nodes that
 * have not joined) makes an answer conditional, never a plain yes or no.
 */
import { Asking, type Answer, type Question } from './ask.ts';
import { Evaluation } from './classes.ts';
import { labeller, type Labeller } from './labels.ts';
import { matrix, type MatrixRow } from './matrix.ts';
import type { Policy } from './types.ts';
import { universe } from './universe.ts';
import type { World } from './world.ts';

export type { Answer, Question } from './ask.ts';
export { Unknown } from './parties.ts';
export type { AccessChange } from './changes.ts';
export { compareAccess, type AccessComparison } from './compare.ts';
export { PolicyUnreadable, renderPolicyFault } from './faults.ts';
export { labelText, labeller, type Label, type Labeller } from './labels.ts';
export type { MatrixRow } from './matrix.ts';
export { comparePowers, type Powers } from './powers.ts';
export { readPolicy, type PolicyReading } from './read.ts';
export { changeTexts, type ChangeText } from './sentences.ts';
export type { Policy } from './types.ts';
export type { Entity, Revision } from './universe.ts';
export type { World } from './world.ts';

export interface Evaluator {
  ask: (question: Question) => Answer;
  matrix: () => MatrixRow[];
  /** Names for sets of entities of this matrix (labels.ts). */
  labels: (rename?: (tag: string) => string | undefined) => Labeller;
  /** Names that questions may use. */
  names: () => string[];
}

export function evaluator(policy: Policy, world: World): Evaluator {
  const revision = { policy, world };
  const entities = universe([revision]);
  const evaluation = new Evaluation(entities, revision);
  const asking = new Asking(evaluation, revision);
  return {
    ask: (question) => asking.ask(question),
    matrix: () => matrix(evaluation),
    labels: (rename) => labeller(entities, [revision], rename),
    names: () => asking.names(),
  };
}
