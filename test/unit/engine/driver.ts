// A process that obtains the engine with the environment it was given, and prints what happens: one JSON line at the end.
import { EngineError, obtainPulumi } from '../../../engine/index.ts';

try {
  const engine = await obtainPulumi({ onProgress: ({ message }) => console.log(message) });
  console.log(JSON.stringify(engine));
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  console.log(JSON.stringify({ code: error.code }));
  console.error(error.message);
  process.exitCode = 1;
}
