// npm run check
import { checkAndPrint } from './checks.ts';

const results = await checkAndPrint();
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
