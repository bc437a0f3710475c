import { setLink } from '../../lab/machines/client.ts';
import { columns, green } from '../render/style.ts';
import { apps, fails, type App, type Scene } from './scene.ts';

/** What lies between the sites of the demo: round trip in ms, loss each way. */
const LINKS: readonly { between: [string, string]; rtt: number; loss: number }[] = [
  { between: ['eu-fra', 'eu-gra'], rtt: 12, loss: 0 },
  { between: ['eu-fra', 'ca-bhs'], rtt: 92, loss: 0.02 },
  { between: ['eu-gra', 'ca-bhs'], rtt: 84, loss: 0 },
];
const PINGS = 100;

/** Sets how far the sites are apart, and measures it from LAN to LAN. */
export async function distances({ lab, stack, inside, say, signal }: Scene): Promise<void> {
  say.step(
    'How far they are apart',
    'The lab makes the way between two sites as long and as lossy as asked:',
    `"mesh lab link eu-fra ca-bhs --delay 92ms --loss 2%". Then ${PINGS} pings from each LAN to each other one, through two routers.`,
  );
  for (const { between, rtt, loss } of LINKS) await setLink(lab.labDir, between, { delay: rtt / 2, loss });
  const hosts = apps(stack.plan);
  // The first packet after a change of the way may find a new one.
  await Promise.all(ways(hosts).map(([from, to]) => inside.pings(from.name, to.address)));
  const measured = await Promise.all(
    ways(hosts).map(async ([from, to]): Promise<[string, string]> => {
      const args = ['ping', '-n', '-q', '-c', String(PINGS), '-i', '0.02', '-W', '2', to.address];
      return [`${from.site} ${to.site}`, ping((await inside.run(from.name, args)).stdout)];
    }),
  );
  signal.throwIfAborted();
  const of = new Map(measured);
  say.block(
    columns(
      ['from \\ to', ...hosts.map(({ site }) => site)],
      hosts.map((from) => [from.site, ...hosts.map((to) => of.get(`${from.site} ${to.site}`) ?? '–')]),
    ),
  );
  if (measured.some(([, seen]) => seen === SILENT)) fails('a LAN does not hear another one');
  say.good(
    `asked for: ${LINKS.map(({ between: [a, b], rtt, loss }) => `${a} – ${b} ${rtt} ms${lossy(loss)}`).join(', ')}`,
  );
}

const SILENT = 'no answer';
const lossy = (loss: number): string => (loss === 0 ? '' : ` and ${loss * 100}% each way`);

const ways = (hosts: readonly App[]): [App, App][] =>
  hosts.flatMap((from) => hosts.filter((to) => to !== from).map((to): [App, App] => [from, to]));

/** `12.3 ms, 0% lost`, of what ping says at its end. */
function ping(text: string): string {
  const loss = /([\d.]+)% packet loss/.exec(text)?.[1];
  const average = / = [\d.]+\/([\d.]+)\//.exec(text)?.[1];
  return loss === undefined || average === undefined
    ? SILENT
    : `${green(`${Number(average).toFixed(1)} ms`)}, ${loss}% lost`;
}
