import { sha256 } from './keys.ts';
import type { Answer, LineContext } from './types.ts';

/** A command of the user's own: its script is remembered by what identifies it and never run. */
export function runOwnCommand(at: LineContext, name: string, script: Buffer): Answer {
  if (at.faults.hits('command-fails', at.view.name))
    return { code: 1, stdout: '', stderr: `${name}: the fault command-fails is switched on for this host\n` };
  at.host.ownCommands = { ...at.host.ownCommands, [name]: { sha256: sha256(script), bytes: script.length } };
  at.save();
  return { code: 0, stdout: '', stderr: '' };
}
