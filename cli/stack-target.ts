import { engine } from './engine.ts';
import { prepareLab } from './lab/prepare.ts';
import { holdTry } from './lab/turns.ts';
import { meshConfig } from './mesh-config.ts';
import { labDirectory } from './paths.ts';
import { stderrProgress } from './progress.ts';
import { Target } from './recover/target.ts';
import { readStackFile } from './stack-file.ts';

/** A stack of the backend that `pulumi` in this shell would use, or the lab's. */
export async function stackTarget(stack: string, lab: boolean): Promise<Target> {
  const progress = stderrProgress();
  if (lab) {
    holdTry(labDirectory());
    const { file, cli, env } = await prepareLab(stack, progress);
    return new Target(file, cli, env);
  }
  const file = readStackFile(stack);
  meshConfig(file);
  const { cli } = await engine(progress);
  return new Target(file, cli, { ...process.env, PULUMI_SKIP_UPDATE_CHECK: 'true' });
}
