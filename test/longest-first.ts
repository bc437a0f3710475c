import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Seconds that files of the engine and of machines took on two cores. Those that are not here took less. Only their order counts: what takes
 * long begins early, so that at the end no worker is left alone with it while the others have nothing to do.
 */
const SECONDS: Readonly<Record<string, number>> = {
  'test/lab/mesh/prod.test.ts': 240,
  'test/engine/faults.test.ts': 234,
  'test/lab/mesh/staging.test.ts': 220,
  'test/lab/mesh/bad.test.ts': 200,
  'test/engine/lifecycle.test.ts': 177,
  'test/lab/tailnet/contract.test.ts': 170,
  'test/engine/resize.test.ts': 158,
  'test/engine/operations.test.ts': 155,
  'test/lab/machine/contract.test.ts': 148,
  'test/lab/demo.test.ts': 138,
  'test/engine/cli-interrupt.test.ts': 103,
  'test/lab/tailnet/identity.test.ts': 100,
  'test/engine/recover.test.ts': 95,
  'test/engine/cli-faults.test.ts': 83,
  'test/lab/machine/release.test.ts': 80,
  'test/engine/cli-together.test.ts': 74,
  'test/engine/guardrails.test.ts': 73,
  'test/engine/access-tests.test.ts': 68,
  'test/engine/policy-restore.test.ts': 66,
  'test/engine/night.test.ts': 63,
  'test/engine/shared-tailnet.test.ts': 61,
};

const order = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;

/** Files of a group by the time that they take; groups, and files of which nothing is said, as vitest has them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const seconds = ({ moduleId }: TestSpecification): number => SECONDS[relative(root, moduleId)] ?? 0;
    return (await super.sort(files)).sort((a, b) => order(a) - order(b) || seconds(b) - seconds(a));
  }
}
