// Preloaded into every Node process of a run (NODE_OPTIONS=--import): writes down how each process was started and what
// it starts, so that a test can look for secrets in argv. A wrapper on PATH would miss whoever is started by full path.
import { appendFileSync } from 'node:fs';
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

const file = process.env.MESH_SPAWN_RECORD;
if (file !== undefined) {
  const record = (how, argv) => appendFileSync(file, `${JSON.stringify({ pid: process.pid, how, argv })}\n`);
  record('started', [process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
  for (const name of ['spawn', 'spawnSync', 'execFile', 'execFileSync', 'exec', 'execSync', 'fork']) {
    const original = childProcess[name];
    childProcess[name] = (command, ...rest) => {
      record(name, [String(command), ...(Array.isArray(rest[0]) ? rest[0].map(String) : [])]);
      return original(command, ...rest);
    };
  }
  syncBuiltinESMExports();
}
