import type { NamedConfig } from '../../../mesh/config/checks/across.ts';
import { tailnetOf, type SharedTailnet } from '../../../mesh/config/shared.ts';
import { accepted } from './fixtures.ts';

type Raw = Record<string, unknown>;

/** A stack in another supernet, IPv4 and IPv6, whose existing machines are others. */
function moved(raw: Raw, index: number): Raw {
  const text = JSON.stringify(raw)
    .replaceAll('10.77.', `10.${77 + index}.`)
    .replaceAll('fd12:3456:789a:', `fd12:3456:78${index}a:`)
    .replaceAll('198.51.100.', index === 0 ? '198.51.100.' : '192.0.2.');
  const at = JSON.parse(text) as Raw & { ssh: object };
  // Where SSH comes from is the deploying side's, and the same.
  return { ...at, ssh: raw.ssh };
}

/** Stacks of one tailnet, the first of which owns its policy, each in a supernet of its own. */
export function sharing(raws: Record<string, Raw>): SharedTailnet {
  const [owner = '', ...others] = Object.keys(raws);
  const stacks = new Map(
    Object.entries(raws).map(([stack, raw], index): [string, NamedConfig] => {
      const tailnet = stack === owner ? { name: 'acme', with: others } : { name: 'acme', owner };
      return [stack, { stack, config: accepted({ ...moved(raw, index), tailnet }) }];
    }),
  );
  const self = stacks.get(owner);
  const answer = self && tailnetOf(self, (stack) => stacks.get(stack) ?? { problem: 'is missing', remedy: '' });
  if (answer?.ok !== true || answer.tailnet === undefined) throw new Error(JSON.stringify(answer, null, 2));
  return answer.tailnet;
}
