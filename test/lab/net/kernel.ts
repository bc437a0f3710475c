import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** Namespaces of a lab. */
export const namespaces = (lab: string): string[] =>
  readdirSync('/run/netns').filter((name) => name.startsWith(`${lab}-`));

const VIEWS = [['-d', 'link'], ['addr'], ['route', 'show', 'table', 'all'], ['rule']].map((args) => ['ip', ...args]);

/**
 * Everything that the kernel has of a lab, as text, but for what comes with time (timers, carriers that are not noticed yet and
 * the link-local addresses that follow them), for the order of interfaces, and for the box, which each process has its own of.
 */
export function kernel(lab: string): string {
  return namespaces(lab)
    .sort()
    .flatMap((name) => [
      name,
      ...[...VIEWS, ['nft', 'list', 'ruleset']].flatMap((view) =>
        execFileSync('nsenter', [`--net=/run/netns/${name}`, ...view], { encoding: 'utf8' })
          .split('\n')
          .filter((line) => !/\bbox\b|fe80::|ff00::|valid_lft/.test(line))
          .map((line) => line.replaceAll(/gc_timer +\S+|NO-CARRIER,|state \w+| linkdown|^\d+: |@if\d+/g, ''))
          .sort(),
      ),
    ])
    .join('\n');
}
