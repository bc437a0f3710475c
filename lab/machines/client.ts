import { z } from 'zod';
import { askLab } from '../control.ts';
import type { MachineReport } from './control-routes.ts';
import type { Link, Restriction } from './types.ts';

const REPORT = z.object({
  name: z.string(),
  id: z.string(),
  site: z.string().nullable(),
  cloud: z.enum(['hetzner', 'digitalocean', 'existing']),
  image: z.string(),
  state: z.enum(['running', 'booting', 'off', 'failed']),
  error: z.string().nullable(),
  pid: z.number().nullable(),
  public: z.string().nullable(),
  lan: z.string().nullable(),
  cuts: z.array(z.enum(['lan', 'wan'])),
}) satisfies z.ZodType<MachineReport>;
const LINK = z.object({
  between: z.tuple([z.string(), z.string()]),
  delay: z.number(),
  jitter: z.number(),
  loss: z.number(),
  blockUdp: z.boolean(),
  down: z.boolean(),
  noIcmpErrors: z.boolean(),
  mtu: z.number().optional(),
});
const MACHINES = z.object({ machines: z.array(REPORT) });
const LINKS = z.object({ links: z.array(LINK) });

export type { MachineReport } from './control-routes.ts';
export type LinkReport = z.infer<typeof LINK>;
export type LinkChange = Partial<Omit<Link, 'between' | 'mtu'>> & { mtu?: number | null };

/** Machines and links of a lab that runs. Throws what the lab says, also when it keeps records only. */
export async function labMachines(dir: string): Promise<{ machines: MachineReport[]; links: LinkReport[] }> {
  const answer = await askLab(dir, 'GET', '/machines');
  return { ...MACHINES.parse(answer), ...LINKS.parse(answer) };
}

/** Waits until all that is on record is true on the machines too. */
export async function settled(dir: string): Promise<MachineReport[]> {
  return MACHINES.parse(await askLab(dir, 'GET', '/settled', undefined, 120_000)).machines;
}

/** Changes what lies between two sites; settings that are not named stay. */
export async function setLink(dir: string, between: [string, string], change: LinkChange): Promise<LinkReport[]> {
  return LINKS.parse(await askLab(dir, 'POST', '/links', { between, ...change })).links;
}

export async function clearLinks(dir: string, between?: [string, string]): Promise<void> {
  await askLab(dir, 'DELETE', '/links', between === undefined ? {} : { between });
}

export async function cutCable(dir: string, machine: string, nic: 'lan' | 'wan', cut: boolean): Promise<void> {
  await askLab(dir, 'POST', '/cuts', { machine, nic, cut });
}

/** Off as if the power failed, and on again. */
export async function power(dir: string, machine: string, on: boolean): Promise<void> {
  await askLab(dir, 'POST', '/power', { machine, on });
}

export async function liftRestriction(dir: string, restriction: Restriction, lifted: boolean): Promise<void> {
  await askLab(dir, 'POST', '/restrictions', { restriction, lifted });
}
