import { setTimeout as sleep } from 'node:timers/promises';
import { power, settled } from '../../../lab/machines/client.ts';
import { Inside } from '../../../lab/machines/inside/index.ts';
import { inventory, missingFrom } from '../inventory.ts';
import type { Ended, Rig, Started } from '../rig.ts';
import { choose, type Side } from './changes.ts';
import { DATABASE, HOSTS, leftOn, letTimePass, noTraffic, releaseOf, unusable, type Host } from './look.ts';
import { killHard, killTree, toolsOn, type Victim } from './victims.ts';

export const LINES = ['stage', 'activate', 'confirm'] as const;
export type Line = (typeof LINES)[number];

/** One moment of an up that brings another release, to be cut off at. */
export interface Point {
  victim: Victim;
  /** The machine whose release is on its way. */
  host: Host;
  /** The line of the host tool that it happens at. */
  line: Line;
  /** Which moment of the time that this line takes there: 0 to 1, and a little more for what comes after it. */
  moment: number;
  /** true: the time for a confirmation passes before anybody does something. */
  waits: boolean;
}

export interface Outcome {
  point: Point;
  side: Side;
  /** What was at work on the machine then. */
  at: string;
  /** What the machine was on after it. */
  found: string;
  /** Empty when all is as it should be. */
  faults: string[];
  seconds: number;
}

/** What is there after an undisturbed up to a side, and how long each line took on each machine for it, ms. */
export interface Measure {
  wanted: string[];
  releases: Record<string, string | null>;
  lasts: Record<string, Partial<Record<Line, number>>>;
}

/** A machine that nothing arrives at within this time is not worked on any more, ms. */
const ARRIVES_MS = 120_000;
const LOOK_MS = 5;

const go = (rig: Rig): Started => rig.pulumi('up', '--yes', '--skip-preview', '--suppress-outputs');

/** Starts a server for the traffic again where the machine was off. */
class Traffic {
  inside: Inside;
  readonly #dir: string;
  #served = 0;

  constructor(dir: string) {
    this.#dir = dir;
    this.inside = new Inside(dir);
  }

  async ready(): Promise<void> {
    const pid = await this.inside.pid(DATABASE.host);
    if (pid === this.#served) return;
    this.inside.close();
    this.inside = new Inside(this.#dir);
    await this.inside.serve(DATABASE.host, DATABASE.port);
    this.#served = pid;
  }

  close(): void {
    this.inside.close();
  }
}

/** A lab of machines between two releases. */
export class Course {
  readonly #rig: Rig;
  readonly #traffic: Traffic;
  readonly #measures = new Map<Side, Measure>();
  #side: Side = 'before';

  constructor(rig: Rig) {
    this.#rig = rig;
    this.#traffic = new Traffic(rig.lab);
  }

  /** Builds the stack, and goes undisturbed to the other side and back. */
  async start(): Promise<void> {
    await this.#choose('before');
    const built = await go(this.#rig).ended;
    if (built.code !== 0) throw new Error(`the undisturbed up failed:\n${built.text}`);
    for (const side of ['after', 'before'] as const) this.#measures.set(side, await this.#measure(side));
  }

  measure(side: Side): Measure {
    const found = this.#measures.get(side);
    if (found === undefined) throw new Error(`nothing was measured for ${side}`);
    return found;
  }

  close(): void {
    this.#traffic.close();
  }

  /** A point, whole: cut off, looked at, recovered, run again, and compared with an undisturbed run. */
  async run(point: Point): Promise<Outcome> {
    const began = performance.now();
    const side: Side = this.#side === 'before' ? 'after' : 'before';
    const outcome: Outcome = { point, side, at: '', found: '', faults: [], seconds: 0 };
    await this.#choose(side);
    try {
      const { ended, at } = await this.#cutOff(point, side);
      outcome.at = at;
      outcome.found = await this.#afterwards(point, side, outcome.faults);
      await this.#goOn(point, side, ended, outcome.faults);
      outcome.faults.push(...(await this.#compared(side)));
    } catch (error) {
      outcome.faults.push(error instanceof Error ? error.message : String(error));
    }
    outcome.seconds = (performance.now() - began) / 1000;
    return outcome;
  }

  async #choose(side: Side): Promise<void> {
    this.#side = side;
    await choose(this.#rig.lab, this.#rig.stack, side);
  }

  async #measure(side: Side): Promise<Measure> {
    await this.#choose(side);
    const { inside } = this.#traffic;
    const inits = await Promise.all(HOSTS.map(async (host) => [host, await inside.pid(host)] as const));
    const lasts: Measure['lasts'] = {};
    const began: Record<string, number> = {};
    const run = { over: false };
    const started = go(this.#rig);
    const ended = started.ended.finally(() => {
      run.over = true;
    });
    while (!run.over) {
      for (const [host, init] of inits)
        for (const line of LINES)
          if (toolsOn(init).some((tool) => tool.line === `apply ${line}`)) {
            began[`${host} ${line}`] ??= performance.now();
            const times = (lasts[host] ??= {});
            times[line] = performance.now() - (began[`${host} ${line}`] ?? 0);
          }
      await sleep(LOOK_MS);
    }
    const { code, text } = await ended;
    if (code !== 0) throw new Error(`the undisturbed up to ${side} failed:\n${text}`);
    const releases: Measure['releases'] = {};
    for (const host of HOSTS) releases[host] = (await releaseOf(inside, host)).confirmed;
    return { wanted: this.#things(), releases, lasts };
  }

  async #cutOff({ victim, host, line, moment }: Point, side: Side): Promise<{ ended: Ended; at: string }> {
    const init = await this.#traffic.inside.pid(host);
    const started = go(this.#rig);
    const run = { over: false };
    void started.ended.then(() => {
      run.over = true;
    });
    const deadline = Date.now() + ARRIVES_MS;
    while (!toolsOn(init).some((tool) => tool.line === `apply ${line}`)) {
      if (run.over || Date.now() > deadline) return { ended: await started.ended, at: '' };
      await sleep(LOOK_MS);
    }
    await sleep(moment * (this.measure(side).lasts[host]?.[line] ?? 0));
    // After the end of a line there is no tool to be killed until the next one.
    while (victim === 'tool' && !run.over && toolsOn(init).length === 0) await sleep(LOOK_MS);
    const tools = toolsOn(init);
    const at = tools.map((tool) => tool.line).join(', ') || `after apply ${line}`;
    if (victim === 'runner') killTree(started.child.pid ?? 0);
    if (victim === 'tool') for (const { pid } of tools) killHard(pid);
    if (victim === 'power') {
      await power(this.#rig.lab, host, false);
      await power(this.#rig.lab, host, true);
      await settled(this.#rig.lab);
    }
    return { ended: await started.ended, at };
  }

  /** What the machine is after it, when nobody did anything yet. */
  async #afterwards({ host, waits }: Point, side: Side, faults: string[]): Promise<string> {
    const { inside } = this.#traffic;
    faults.push(...(await unusable(inside, host)));
    let now = await releaseOf(inside, host);
    let found = now.pendingRevert ? 'unconfirmed' : '';
    if (waits && now.pendingRevert) {
      await letTimePass(inside, host);
      now = await releaseOf(inside, host);
      if (now.pendingRevert) faults.push(`${host}: the time is over and the release did not go back`);
      found = 'went back';
    }
    const [old, fresh] = (side === 'after' ? (['before', 'after'] as const) : (['after', 'before'] as const)).map(
      (one) => this.measure(one).releases[host],
    );
    if (now.confirmed !== old && now.confirmed !== fresh)
      faults.push(`${host}: confirmed is ${now.confirmed}, neither the old nor the new release`);
    if (!now.pendingRevert && (now.active !== now.confirmed || now.drift.length > 0))
      faults.push(`${host}: active ${now.active}, confirmed ${now.confirmed}, other than it: ${now.drift.join(', ')}`);
    faults.push(...(await unusable(inside, host)));
    await this.#traffic.ready();
    faults.push(...(await noTraffic(this.#traffic.inside)));
    return [found, now.confirmed === old ? 'old' : 'new'].filter(Boolean).join(', ');
  }

  async #goOn({ victim }: Point, side: Side, ended: Ended, faults: string[]): Promise<void> {
    if (victim === 'runner') {
      const recovered = await this.#rig.mesh('recover', this.#rig.stack, '--lab', '--yes', '--json').ended;
      if (recovered.code !== 0)
        faults.push(`recover ended with ${recovered.code}: ${(recovered.stdout || recovered.text).slice(-800)}`);
    } else if (ended.code === null) faults.push('the engine did not end by itself');
    // A lab's own stack file follows the tracked one whenever mesh is started.
    await this.#choose(side);
    const again = await go(this.#rig).ended;
    if (again.code !== 0) {
      faults.push(`up failed: ${again.text.slice(-1500)}`);
      return;
    }
    const preview = await this.#rig.pulumi('preview', '--expect-no-changes', '--suppress-outputs').ended;
    if (preview.code !== 0) faults.push(`the preview is not without changes: ${preview.text.slice(-800)}`);
  }

  async #compared(side: Side): Promise<string[]> {
    const { wanted, releases } = this.measure(side);
    const { inside } = this.#traffic;
    const left = await Promise.all(HOSTS.map((host) => leftOn(inside, host, releases[host] ?? null)));
    const faults = left.flat();
    const now = this.#things();
    const [missing, surplus] = [missingFrom(now, wanted), missingFrom(wanted, now)];
    if (missing.length > 0) faults.push(`missing: ${missing.join('; ')}`);
    if (surplus.length > 0) faults.push(`too much: ${surplus.join('; ')}`);
    return [...faults, ...(await noTraffic(inside))];
  }

  #things(): string[] {
    return inventory(this.#rig.lab);
  }
}
