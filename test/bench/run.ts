// npm run bench [-- plan|access|preview|try …]: measured times, as tables. Ratios come from runs that take turns.
import { benchAccess } from './access.ts';
import { benchPlan } from './plan.ts';
import { benchPreview } from './preview.ts';
import { benchTry } from './try.ts';

const BENCHES: Record<string, () => Promise<string>> = {
  plan: benchPlan,
  access: benchAccess,
  preview: benchPreview,
  try: benchTry,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(`there is no bench ${unknown.join(', ')}; there are: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
for (const [name, bench] of Object.entries(BENCHES))
  if (asked.length === 0 || asked.includes(name)) console.log(`${await bench()}\n`);
