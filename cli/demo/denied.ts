import { pairOf } from './carriers.ts';
import { appOf, fails, PORT, type Scene } from './scene.ts';

const DROPPED = /^tailscaled_inbound_dropped_packets_total\{reason="acl"\} (\d+)/m;

/** One port that a rule lists and one that none does, both served. */
export async function denied(scene: Scene): Promise<void> {
  const { stack, inside, say } = scene;
  const [from, to] = [appOf(stack.plan, 'eu-fra'), appOf(stack.plan, 'eu-gra')];
  say.step(
    'What no rule lists is denied',
    `${to.name} serves ports ${PORT.listed} and ${PORT.unlisted}; the stack's one rule lists the first.`,
  );
  const { active } = await pairOf(scene, to.site);
  const dropped = async (): Promise<number> =>
    Number(DROPPED.exec(await inside.must(active, 'tailscale', 'metrics', 'print'))?.[1] ?? 0);
  const listed = await inside.fetch(from.name, to.address, PORT.listed);
  if (!listed.ok) fails(`${from.name} does not reach ${to.name}:${PORT.listed}: ${listed.error ?? 'no answer'}`);
  say.good(
    `${from.name} → ${to.name}:${PORT.listed} answers, and sees ${listed.peer ?? ''} as its client: the address is kept all the way`,
  );
  const before = await dropped();
  const unlisted = await inside.fetch(from.name, to.address, PORT.unlisted);
  const after = await dropped();
  if (unlisted.ok || after === before) fails(`${from.name} → ${to.name}:${PORT.unlisted} is not denied by ${active}`);
  say.bad(
    `${from.name} → ${to.name}:${PORT.unlisted} ${unlisted.error ?? 'no answer'}: the filter on ${active} dropped ${after - before} packets`,
  );
}
