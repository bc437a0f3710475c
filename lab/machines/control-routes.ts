import { Hono } from 'hono';
import { z } from 'zod';
import type { Driver, MachineState } from './driver.ts';
import type { Machine, Machines } from './types.ts';
import { CLEAR_LINK, type Wishes } from './wishes.ts';

/** What a machine looks like from outside. */
export interface MachineReport {
  name: string;
  id: string;
  site: string | null;
  cloud: Machine['cloud'];
  image: string;
  state: MachineState['state'];
  error: string | null;
  /** Pid of its init, as this process sees it. */
  pid: number | null;
  public: string | null;
  lan: string | null;
  cuts: ('lan' | 'wan')[];
}

const LINK = z.object({
  between: z.tuple([z.string().min(1), z.string().min(1)]),
  delay: z.number().min(0).max(5000).optional(),
  jitter: z.number().min(0).max(5000).optional(),
  loss: z.number().min(0).max(1).optional(),
  blockUdp: z.boolean().optional(),
  down: z.boolean().optional(),
  noIcmpErrors: z.boolean().optional(),
  mtu: z.int().min(576).max(9000).nullish(),
});
const UNLINK = z.object({ between: z.tuple([z.string(), z.string()]).optional() });
const CUT = z.object({ machine: z.string(), nic: z.enum(['lan', 'wan']), cut: z.boolean() });
const POWER = z.object({ machine: z.string(), on: z.boolean() });
const LIFT = z.object({
  restriction: z.enum(['hetzner-arp', 'hetzner-sources', 'digitalocean-addresses', 'firewalls']),
  lifted: z.boolean(),
});

export interface ControlParts {
  driver: Driver;
  machines: Pick<Machines, 'pid'>;
  wishes: Wishes;
}

/** The part of `/lab` that only a lab of machines has: machines, cables, power, links. */
export function machineControl({ driver, machines, wishes }: ControlParts): Hono {
  const routes = new Hono();
  const find = (name: string): Machine | undefined =>
    driver.states().find(({ machine }) => machine.name === name || machine.id === name)?.machine;
  const names = (): string =>
    driver
      .states()
      .map(({ machine }) => machine.name)
      .sort()
      .join(', ') || 'none yet';
  const sites = (): Set<string> => new Set(driver.states().flatMap(({ machine }) => machine.site ?? []));

  routes.get('/machines', (context) => context.json({ machines: report(), links: wishes.world().links }));
  /** Answers when all that is on record is true on the machines too. */
  routes.get('/settled', async (context) => {
    await driver.settled();
    return context.json({ machines: report() });
  });
  routes.post('/links', async (context) => {
    const input = LINK.safeParse(await context.req.json().catch(() => undefined));
    if (!input.success) return context.json({ error: z.prettifyError(input.error) }, 422);
    const { between, mtu, ...settings } = input.data;
    const known = sites();
    const wrong = between.filter((site) => !known.has(site));
    if (between[0] === between[1] || wrong.length > 0)
      return context.json(
        {
          error: `${wrong.join(' and ') || 'the same site twice'}: not two sites of this lab; there are: ${[...known].sort().join(', ') || 'none yet'}`,
        },
        422,
      );
    const before = wishes.world().links.find((link) => link.between.toSorted().join() === between.toSorted().join());
    const link = { ...CLEAR_LINK, ...before, ...settings, between };
    if (mtu === null) delete link.mtu;
    wishes.link({ ...link, ...(typeof mtu === 'number' && { mtu }) });
    await driver.settled();
    return context.json({ links: wishes.world().links });
  });
  routes.delete('/links', async (context) => {
    const input = UNLINK.safeParse(await context.req.json().catch(() => ({})));
    if (!input.success) return context.json({ error: 'between names two sites' }, 422);
    wishes.unlink(input.data.between);
    await driver.settled();
    return context.json({ links: wishes.world().links });
  });
  routes.post('/cuts', async (context) => {
    const input = CUT.safeParse(await context.req.json().catch(() => undefined));
    if (!input.success) return context.json({ error: 'a cut needs machine, nic (lan or wan) and cut' }, 422);
    const machine = find(input.data.machine);
    if (machine === undefined) return context.json({ error: unknown(input.data.machine) }, 404);
    if (machine[input.data.nic] === undefined)
      return context.json({ error: `${machine.name} has no ${input.data.nic} network card` }, 422);
    wishes.cut(machine.id, input.data.nic, input.data.cut);
    await driver.settled();
    return context.json({ machines: report() });
  });
  routes.post('/power', async (context) => {
    const input = POWER.safeParse(await context.req.json().catch(() => undefined));
    if (!input.success) return context.json({ error: 'power needs machine and on' }, 422);
    const machine = find(input.data.machine);
    if (machine === undefined) return context.json({ error: unknown(input.data.machine) }, 404);
    wishes.power(machine.id, input.data.on);
    await driver.settled();
    return context.json({ machines: report() });
  });
  routes.post('/restrictions', async (context) => {
    const input = LIFT.safeParse(await context.req.json().catch(() => undefined));
    if (!input.success) return context.json({ error: 'a restriction needs its name and lifted' }, 422);
    wishes.lift(input.data.restriction, input.data.lifted);
    await driver.settled();
    return context.json({ lifted: wishes.world().lifted });
  });

  const unknown = (name: string): string => `there is no machine ${name} in this lab; there are: ${names()}`;
  const report = (): MachineReport[] => {
    const { cuts } = wishes.world();
    return driver.states().map(({ machine, state, error }) => ({
      name: machine.name,
      id: machine.id,
      site: machine.site ?? null,
      cloud: machine.cloud,
      image: machine.image,
      state,
      error: error ?? null,
      pid: machines.pid(machine.id) ?? null,
      public: machine.wan?.address ?? null,
      lan: machine.lan?.address ?? null,
      cuts: cuts.filter((cut) => cut.machine === machine.id).map(({ nic }) => nic),
    }));
  };
  return routes;
}
