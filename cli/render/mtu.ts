import type { PathMtu } from '../../io/ssh/host-answers.ts';
import { hangs, packet, type Direction } from '../mtu/measure.ts';
import { bold, dim, green, red } from './style.ts';

const NETWORK = { lan: 'by its LAN address', overlay: 'through the overlay', public: 'by its public address' } as const;

export const renderMtu = (directions: readonly Direction[]): string => directions.map(direction).join('\n\n');

function direction(one: Direction): string {
  const title = bold(`${one.from} → ${one.to}`);
  if (!one.possible) return `${title}  ${dim('no way by the plan')}: ${one.why}`;
  const head = `${title}  ${NETWORK[one.over]}, ${one.address}`;
  if ('error' in one) return `${head}\n  ${red('not measured')}: ${one.error}`;
  const { found } = one;
  const lines = [...size(found, one.to), ...tcp(found)];
  const device = `over ${found.route.device} (MTU ${found.route.mtu}${learnt(found)})`;
  return [`${head} ${dim(device)}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

const learnt = ({ route }: PathMtu): string => (route.learnt === null ? '' : `, learnt ${route.learnt}`);

function size({ largest, complete, told, blackHole, tried, route, address }: PathMtu, to: string): string[] {
  if (largest === null) {
    const refusal = tried.find(({ result }) => result === 'refused');
    return [
      red(
        refusal === undefined ? `nothing came back, not even of ${tried[0]?.size ?? 0} bytes` : 'refused on the way',
      ) + (refusal?.from ? ` by ${refusal.from}` : ''),
      `${to} is off, a firewall drops ICMP, or no rule of the policy lets anything through to ${address} (mesh plan)`,
    ];
  }
  const about = complete ? '' : ' at least (out of time)';
  if (largest >= route.mtu) return [green(`${largest} bytes: all that ${route.device} takes`)];
  const teller = tried.find(({ result, from }) => result === 'told' && from !== null)?.from;
  if (told)
    return [
      `${largest} bytes${about}: beyond that ${teller ?? 'the kernel, which was told before,'} says so, and TCP adapts`,
    ];
  if (blackHole) return [red(`${largest} bytes${about}: beyond that packets vanish, and nobody says so`)];
  return [`${largest} bytes${about}: beyond that they are refused`];
}

/** What becomes of TCP: the segments that the host offers, and those that the clamp makes of what it forwards. */
function tcp(found: PathMtu): string[] {
  const { largest, mss, clamp, blackHole, address } = found;
  if (largest === null) return [];
  const own = `TCP of this host offers segments of ${mss} bytes`;
  const lines = [
    hangs(found) ? `${own}: ${red(`packets of ${packet(mss, address)} bytes, so large transfers hang`)}` : own,
  ];
  if (clamp.mss !== null) {
    const fits = packet(clamp.mss, address) <= largest;
    lines.push(
      `the clamp makes forwarded connections offer ${clamp.mss}: ` +
        (fits
          ? green('they fit')
          : red(`packets of ${packet(clamp.mss, address)} bytes do not fit${blackHole ? ', and hang' : ''}`)),
    );
  } else if (clamp.loaded)
    lines.push(dim('the clamp is loaded, and does not touch this route: it is for what goes through the tunnel'));
  return lines;
}
