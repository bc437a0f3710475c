import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { prepareLab, type PreparedLab } from '../../cli/lab/prepare.ts';
import { TREE } from '../../cli/paths.ts';
import { runPulumi } from '../../cli/pulumi.ts';
import { columns } from '../../cli/render/style.ts';
import { labDown } from '../../lab/control.ts';
import { inTurns, median } from './measure.ts';

const STACK = 'prod';
const ROUNDS = 7;

/** Preview of prod as it stands, against a bare program with the same registrations and literal values, on the same state. */
export async function benchPreview(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'site-mesh-bench-'));
  process.env.MESH_LAB_DIR = join(dir, 'lab');
  // The lab keeps DigitalOcean's rhythm of ten seconds; building is not what is measured.
  process.env.MESH_LAB_PACE ??= '0.01';
  const lab = await prepareLab(STACK, (line) => process.stderr.write(`  ${line}\n`));
  try {
    await pulumi(lab, ['up', '--yes', '--skip-preview', '--suppress-outputs']);
    const resources = await registrations(lab);
    const bare = bareProject(join(dir, 'bare'), resources);
    const ours = (): Promise<unknown> => preview(lab, TREE, resources.length);
    const theirs = (): Promise<unknown> => preview(lab, bare, resources.length);
    // Once each before it counts: the first run compiles.
    await ours();
    await theirs();
    const [own = [], other = []] = await inTurns(ROUNDS, [ours, theirs]);
    const row = (name: string, times: readonly number[]): string[] => [
      name,
      ...[Math.min(...times), median(times), Math.max(...times)].map((time) => time.toFixed(0)),
    ];
    const ratios = own.map((time, round) => time / (other[round] ?? Number.NaN));
    return columns(
      [`preview of prod, ${resources.length} resources`, 'min, ms', 'median, ms', 'max, ms'],
      [
        row('this program', own),
        row('bare program', other),
        ['ratio (median of rounds)', '', median(ratios).toFixed(3), ''],
      ],
    );
  } finally {
    await labDown(lab.labDir);
    rmSync(dir, { recursive: true, force: true });
  }
}

const exported = z.object({
  deployment: z.object({ resources: z.array(z.object({ urn: z.string(), type: z.string() }).loose()) }),
});

async function registrations(lab: PreparedLab): Promise<unknown[]> {
  const { stdout } = await pulumi(lab, ['stack', 'export', '--show-secrets']);
  const { resources } = exported.parse(JSON.parse(stdout)).deployment;
  return resources.filter(({ type }) => type !== 'pulumi:pulumi:Stack');
}

/** A project with the same name and stack, so that its resources are the recorded ones. */
function bareProject(dir: string, resources: readonly unknown[]): string {
  mkdirSync(dir);
  symlinkSync(join(TREE, 'node_modules'), join(dir, 'node_modules'));
  copyFileSync(join(TREE, 'test', 'bench', 'bare-program.ts'), join(dir, 'index.ts'));
  writeFileSync(join(dir, 'registrations.json'), JSON.stringify(resources), { mode: 0o600 });
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ type: 'module', main: 'index.ts' }));
  const project = {
    name: 'site-mesh',
    runtime: { name: 'nodejs', options: { typescript: false, packagemanager: 'npm' } },
    plugins: { providers: [{ name: 'mesh', path: join(TREE, 'provider'), version: '0.1.0' }] },
  };
  writeFileSync(join(dir, 'Pulumi.yaml'), stringify(project));
  return dir;
}

/** Without the guardrails: they cost both the same, and would flatter the ratio. */
async function preview(lab: PreparedLab, cwd: string, count: number): Promise<void> {
  const { stdout } = await pulumi(lab, ['preview', '--suppress-outputs', '--expect-no-changes'], cwd);
  // The stack itself is one more.
  if (!stdout.includes(`${count + 1} unchanged`)) throw new Error(`not the same registrations:\n${stdout}`);
}

async function pulumi(lab: PreparedLab, args: readonly string[], cwd = TREE): Promise<{ stdout: string }> {
  const env = { ...lab.env, PULUMI_OPTION_POLICY_PACK: undefined };
  const run = await runPulumi(args, { cli: lab.cli, env, cwd });
  if (run.code !== 0) throw new Error(`pulumi ${args.join(' ')} failed:\n${run.stdout}${run.stderr}`);
  return run;
}
