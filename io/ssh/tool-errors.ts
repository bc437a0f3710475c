import { UserError } from '../rpc/types.ts';
import type { ExecResult } from './exec.ts';
import { answers } from './host-answers.ts';
import { json } from '../answers.ts';

/** The host tool answered with an error of docs/host-protocol.md. */
export class HostToolError extends UserError {
  /** `check-failed`, `not-joined`, `not-staged`, `not-active`, `busy`, `wrong-tailnet`, `no-network`, `command-failed`, `usage`, or `unknown`. */
  readonly code: string;
  readonly exit: number;
  constructor(code: string, exit: number, message: string) {
    super(message);
    this.name = 'HostToolError';
    this.code = code;
    this.exit = exit;
  }
}

const WAYS_OUT: Readonly<Record<string, string>> = {
  busy: 'Somebody else is working on this host; run again when they are done.',
  usage: 'The host tool and this checkout disagree about the protocol; that is a fault of ours.',
  'wrong-tailnet':
    'The host is in another tailnet. If it should move, log it out there first (tailscale logout on the host).',
};

/** An exit code other than 0, in words. `secrets` are cut out of whatever the host said. */
export function toolFailure(
  label: string,
  verb: string,
  result: ExecResult,
  secrets: readonly string[],
): HostToolError {
  const parsed = answers.failure.safeParse(json(result.stdout));
  const clean = (text: string): string => redact(text, secrets);
  if (!parsed.success) {
    if (result.stderr.startsWith('sudo:')) {
      return new HostToolError(
        'unknown',
        result.code,
        `${label}: sudo refuses to run the host tool: ${clean(firstLine(result.stderr))}. The login needs passwordless sudo (NOPASSWD) for it.`,
      );
    }
    const said = firstLine(result.stderr) || firstLine(result.stdout) || 'nothing';
    return new HostToolError(
      'unknown',
      result.code,
      `${label}: ${verb} ended with code ${result.code} and said: ${clean(said)}`,
    );
  }
  const { code, message, checks, stderr } = parsed.data.error;
  const failed = (checks ?? [])
    .filter((check) => check.result === 'failed')
    .map((check) => `${check.name}: ${check.detail}`);
  const parts = [message, ...failed, ...(stderr === undefined || stderr === '' ? [] : [stderr.trim().slice(0, 2000)])];
  const wayOut = WAYS_OUT[code] === undefined ? '' : ` ${WAYS_OUT[code]}`;
  return new HostToolError(code, result.code, clean(`${label}: ${verb}: ${parts.join('\n  ')}${wayOut}`));
}

/** Exit code 0 with something else than the protocol's answer. */
export function strangeAnswer(
  label: string,
  verb: string,
  result: ExecResult,
  secrets: readonly string[],
): HostToolError {
  return new HostToolError(
    'unknown',
    result.code,
    `${label}: ${verb} was answered with something that is not the host protocol: ${redact(firstLine(result.stdout) || 'nothing', secrets)}`,
  );
}

function redact(text: string, secrets: readonly string[]): string {
  return secrets.filter((secret) => secret !== '').reduce((left, secret) => left.replaceAll(secret, '[secret]'), text);
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').slice(0, 300);
}
