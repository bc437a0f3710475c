import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Seconds that files took on two cores, three at a time; of unit tests, the few that take long. Those that are not here took
 * less. Only their order counts: what takes long begins early, so that at the end no worker is left alone with it while the
 * others have nothing to do.
 */
const SECONDS: Readonly<Record<string, number>> = {
  'test/lab/mesh/bad.test.ts': 307,
  'test/engine/operations.test.ts': 307,
  'test/engine/faults.test.ts': 262,
  'test/lab/mesh/prod.test.ts': 250,
  'test/lab/machine/contract.test.ts': 226,
  'test/engine/lifecycle.test.ts': 223,
  'test/lab/tailnet/contract.test.ts': 216,
  'test/engine/resize.test.ts': 208,
  'test/lab/mesh/staging.test.ts': 205,
  'test/engine/cli-interrupt.test.ts': 194,
  'test/lab/demo.test.ts': 192,
  'test/engine/recover.test.ts': 156,
  'test/engine/guardrails.test.ts': 138,
  'test/lab/tailnet/identity.test.ts': 126,
  'test/engine/access-tests.test.ts': 117,
  'test/engine/policy-restore.test.ts': 114,
  'test/lab/machine/release.test.ts': 101,
  'test/engine/cli-faults.test.ts': 98,
  'test/engine/night.test.ts': 94,
  'test/engine/cli-together.test.ts': 92,
  'test/engine/shared-tailnet.test.ts': 91,
  'test/unit/host/contract.test.ts': 147,
  'test/unit/host/python.test.ts': 30,
  'test/unit/engine/cache.test.ts': 17,
  'test/unit/lab/control.test.ts': 16,
  'test/unit/mesh/properties.test.ts': 15,
  'test/engine/rpc.test.ts': 65,
  'test/engine/prod.test.ts': 59,
  'test/engine/cli-env.test.ts': 59,
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
