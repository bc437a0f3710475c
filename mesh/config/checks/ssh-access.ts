import type { Draft, DraftRule } from '../draft.ts';
import { fault, type Fault } from '../fault.ts';
import type { HostParty } from '../paths.ts';
import { indexed } from './paths.ts';

type Index = ReadonlyMap<string, readonly HostParty[]>;

/** A rule leads to a service or gives logins, never both; and Tailscale SSH is between nodes of the tailnet alone. */
export function sshAccessFaults(model: Draft): Fault[] {
  const index = indexed(model);
  return model.access.flatMap((rule) => [
    ...kindFaults(rule),
    ...targetFaults(rule, index),
    ...sourceFaults(rule, index),
  ]);
}

function kindFaults({ path, entry, given }: DraftRule): Fault[] {
  const [to, ssh] = [given.includes('to'), given.includes('ssh')];
  if (to && ssh)
    return [
      fault(
        [...path, 'ssh'],
        entry.ssh,
        'stands beside to: a rule leads to a service or gives logins',
        'write two rules, one with to and one with ssh',
      ),
    ];
  if (to || ssh) return [];
  return [
    fault(
      [...path, 'to'],
      undefined,
      'is missing: the rule leads nowhere',
      'name a service (to: postgres), or give logins (ssh: { on, users })',
    ),
  ];
}

/** The server of Tailscale SSH is tailscaled, which runs on members alone. */
function targetFaults({ path, entry }: DraftRule, index: Index): Fault[] {
  return (entry.ssh?.on ?? []).flatMap((place, at) => {
    const outside = (index.get(place) ?? []).filter(({ kind }) => kind === 'lan').map(({ name }) => name);
    if (outside.length === 0) return [];
    const names = [...new Set(outside)].sort();
    const which = place === names[0] ? 'is no member' : `has hosts that are no members (${some(names)})`;
    return [
      fault(
        [...path, 'ssh', 'on', at],
        place,
        `${which}: Tailscale SSH runs on nodes of the tailnet`,
        'write member: true at the host, or give access to its own sshd: a service with tcp/22, and to',
      ),
    ];
  });
}

function sourceFaults({ path, entry }: DraftRule, index: Index): Fault[] {
  const { ssh, from = [] } = entry;
  if (ssh === undefined) return [];
  return from.flatMap((source, at) => {
    if (source.startsWith('group:')) return [];
    const here = [...path, 'from', at];
    // The check is a login of a person; the service refuses it for sources that are tags.
    if (ssh.check !== undefined)
      return [
        fault(
          here,
          source,
          'is no person, and only people can be checked: they log in again',
          'name a group here, or remove check from the rule',
        ),
      ];
    const parties = index.get(source) ?? [];
    if (source.startsWith('tool:') || parties.length === 0 || parties.some(({ kind }) => kind === 'member')) return [];
    return [
      fault(
        here,
        source,
        'has no member: Tailscale SSH knows who connects by the node that does',
        'name a group, a tool, or a site or role with members',
      ),
    ];
  });
}

const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
