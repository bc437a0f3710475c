import { setTimeout as sleep } from 'node:timers/promises';
import { power, settled } from '../../lab/machines/client.ts';
import { until } from '../../lab/machines/inside/until.ts';
import { dim } from '../render/style.ts';
import { pairOf } from './carriers.ts';
import { appOf, fails, PORT, type Scene } from './scene.ts';

const SITE = 'eu-gra';
/** At most; it ends a second after the partner has taken over. */
const SECONDS = 40;
/** Seconds within which it must be felt that the router is gone. */
const PATIENCE = 10;
const LEAD_MS = 1500;
const BACK_MS = 30_000;

/** The active router of a site loses its power while somebody uses it. */
export async function failover(scene: Scene): Promise<void> {
  const { lab, stack, inside, say, signal } = scene;
  const [from, to] = [appOf(stack.plan, 'eu-fra'), appOf(stack.plan, SITE)];
  const { active, standby } = await pairOf(scene, SITE);
  say.step(
    'The active router dies',
    `${active} carries ${SITE}. ${from.name} asks ${to.name} 20 times a second, then ${active} loses its power,`,
    'as if the plug were pulled.',
  );
  let began = 0;
  const since = (): string => dim(`+${((performance.now() - began) / 1000).toFixed(1)} s`);
  const changed = (works: boolean): void => {
    if (began > 0) say.does(`${since()} ${works ? 'answers again' : 'no answer'}`);
  };
  const probe = inside.probe(from.name, to.address, PORT.listed, SECONDS, { patience: PATIENCE, changed });
  await sleep(LEAD_MS);
  began = performance.now();
  say.does(`${since()} ${active} is without power`);
  await power(lab.labDir, active, false);
  const seen = await probe;
  signal.throwIfAborted();
  const [outage] = seen.outages;
  if (seen.lost || outage === undefined)
    fails(`${standby} did not take over within ${SECONDS} s: ${JSON.stringify(seen)}`);
  say.good(
    `${standby} carries ${SITE} now: ${(outage[1] - outage[0]).toFixed(1)} s from the last answer to the next, nobody did anything`,
  );
  await power(lab.labDir, active, true);
  await settled(lab.labDir);
  const standsBy = async (): Promise<boolean> => (await inside.role(active)) === 'standby';
  if (!(await until(standsBy, { ms: BACK_MS, signal })))
    fails(`${active} is not back as standby within ${BACK_MS / 1000} s`);
  const now = await pairOf(scene, SITE);
  if (now.active !== standby) fails(`${now.active} took over again`);
  say.good(`${active} has power again and is back as standby: a second switch would be a second outage`);
}
