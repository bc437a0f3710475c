import { done, notFound, Refusal, refused } from './answer.ts';
import { agentStatus } from './agent.ts';
import * as apply from './apply.ts';
import { facts } from './facts.ts';
import { sha256 } from './keys.ts';
import { toolPath, type Line, type ProtocolLine } from './line.ts';
import * as node from './node.ts';
import { pathMtu } from './path.ts';
import { runOwnCommand } from './own-command.ts';
import { preflight } from './preflight.ts';
import type { Answer, LineContext } from './types.ts';

function install(at: LineContext, wanted: string, source: Buffer): unknown {
  const arrived = sha256(source);
  if (arrived !== wanted) {
    throw new Refusal('check-failed', `the tool that arrived has sha256 ${arrived}, not ${wanted}`, {
      checks: [{ name: 'sha256', result: 'failed', detail: arrived }],
    });
  }
  const path = toolPath(wanted);
  if (!at.host.tools.includes(path)) at.host.tools.push(path);
  at.save();
  return { installed: path };
}

/** What the units of a release run from now on. */
function link(at: LineContext, path: string): void {
  at.host.linkedTool = /tool-([0-9a-f]{16})/.exec(path)?.[1] ?? '';
  at.save();
}

type Verb = (at: LineContext, args: string[], stdin: Buffer) => unknown;
/** By words of the line; the number says how many arguments follow. */
const VERBS: Record<string, { takes: number; run: Verb }> = {
  'agent status': { takes: 0, run: (at) => agentStatus(at) },
  facts: { takes: 0, run: (at) => facts(at) },
  'apply preflight': { takes: 0, run: (at, _args, stdin) => preflight(at, stdin) },
  'apply stage': { takes: 0, run: (at, _args, stdin) => apply.stage(at, stdin) },
  'apply activate': { takes: 2, run: (at, [hash = '', seconds = '']) => apply.activate(at, hash, seconds) },
  'apply confirm': { takes: 1, run: (at, [hash = '']) => apply.confirm(at, hash) },
  'apply status': { takes: 0, run: (at) => apply.status(at) },
  'apply restore': { takes: 0, run: (at) => apply.restore(at) },
  'apply revert': { takes: 1, run: (at, [hash = '']) => apply.revertNow(at, hash) },
  'node join': { takes: 0, run: (at, _args, stdin) => node.join(at, stdin) },
  'node status': { takes: 0, run: (at) => node.nodeStatus(at) },
  'node leave': { takes: 0, run: (at) => node.leave(at) },
  'node peers': { takes: 0, run: (at) => node.peers(at) },
  'path mtu': { takes: 1, run: (_at, [address = '']) => pathMtu(address) },
  'route advertise': { takes: 0, run: (at) => node.routeAdvertise(at) },
  'route drain': { takes: 0, run: (at) => node.routeDrain(at) },
  'route pause': { takes: 0, run: (at) => node.routePause(at) },
  'route resume': { takes: 0, run: (at) => node.routeResume(at) },
  'route status': { takes: 0, run: (at) => node.routeStatus(at) },
};

function dispatch(at: LineContext, line: ProtocolLine, stdin: Buffer): unknown {
  if (line.kind === 'install') return install(at, line.sha256, stdin);
  for (const words of [1, 2]) {
    const verb = VERBS[line.args.slice(0, words).join(' ')];
    const args = line.args.slice(words);
    if (verb?.takes !== args.length) continue;
    const said = verb.run(at, args, stdin);
    if (line.args[1] === 'activate') link(at, line.path);
    return said;
  }
  throw new Refusal('usage', `${line.args.join(' ') || 'an empty line'} is not a line of the host protocol`);
}

/** Runs one line on a host's record. Throws only for faults of the lab itself. */
export function runLine(at: LineContext, line: Line, stdin: Buffer): Answer {
  if (line.kind === 'own') return runOwnCommand(at, line.name, stdin);
  if (line.kind === 'tool' && !at.host.tools.includes(line.path)) return notFound(line.path);
  try {
    return done(dispatch(at, line, stdin));
  } catch (error) {
    if (error instanceof Refusal) return refused(error);
    throw error;
  }
}

/** The answer to a login that may not do this: `sudo -n` without the right, or a root-only program without `sudo`. */
export function mayNot(line: Line, login: { root: boolean; sudo: boolean }): Answer | undefined {
  // Nothing in it needs root: what it may do is up to the script.
  if (line.kind === 'own') return undefined;
  if (line.sudo && !login.root && !login.sudo) return { code: 1, stdout: '', stderr: 'sudo: a password is required\n' };
  if (!line.sudo && !login.root) return { code: 126, stdout: '', stderr: 'bash: line 1: Permission denied\n' };
  return undefined;
}
