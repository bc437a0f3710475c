import { boots, leavesObjects, type Clouds } from './clouds.ts';
import {
  liveResource,
  operationsOf,
  resourcesOf,
  type Adoption,
  type Operation,
  type Resource,
  type State,
} from './state.ts';
import { hasUnknown, nameOf, titleOf, UNKNOWN, type Found, type Wanted } from './wanted.ts';

/** An operation that was cut off, and what becomes of it. */
export interface CutOff {
  operation: string;
  urn: string;
  type: string;
  /** `adopt`: its object is there and is recorded. `forget`: the operation is; `why` says what that means. */
  verdict: 'adopt' | 'forget';
  why: string;
}

/** Something that only a person can decide. */
export interface Question {
  urn: string;
  type: string;
  what: string;
  way: string;
  /** Nothing but a suspicion. */
  perhaps?: true;
}

export interface Survey {
  cutOff: CutOff[];
  /** Made, but nowhere recorded, not even as cut off. */
  unrecorded: { urn: string; type: string; what: string }[];
  /** Recorded, but gone at the cloud. */
  gone: { urn: string; type: string; id: string }[];
  questions: Question[];
  /** There too, but what they belong to has to be recorded first. */
  later: { urn: string; type: string; what: string }[];
  adoptions: Adoption[];
  /** Records of objects that were waiting for their deletion and are gone. */
  deleted: Resource[];
  /** What a refresh has to look at afterwards. */
  refresh: string[];
}

/**
 * Holds a state against the clouds. Asks and decides; changes nothing.
 * @param creates what a preview would make, in its order
 */
export async function survey(state: State, creates: readonly Resource[], access: Clouds): Promise<Survey> {
  const found: Survey = {
    cutOff: [],
    unrecorded: [],
    gone: [],
    questions: [],
    later: [],
    adoptions: [],
    deleted: [],
    refresh: [],
  };
  const ids = new Map(
    resourcesOf(state)
      .filter((one) => one.delete !== true && one.pendingReplacement !== true)
      .flatMap(({ urn, id }) => (id === undefined ? [] : [[urn, id]])),
  );
  const adopted = new Map<string, string>();
  const knownId = (urn: string): string | undefined => adopted.get(urn) ?? ids.get(urn);
  const look = new Look(state, access, knownId, creates);
  const adopt = (resource: Resource, { id, outputs }: Extract<Found, { is: 'ours' }>): void => {
    for (const component of missingParents(state, creates, resource))
      if (!found.adoptions.some((one) => one.resource.urn === component.urn))
        found.adoptions.push({ resource: component });
    found.adoptions.push({ resource, id, ...(outputs && { outputs }) });
    found.refresh.push(resource.urn);
    adopted.set(resource.urn, id);
  };

  for (const operation of operationsOf(state)) {
    const { resource, type: kind } = operation;
    const about = { operation: kind, urn: resource.urn, type: resource.type };
    if (kind !== 'creating') {
      const known = liveResource(state, resource.urn) !== undefined && leavesObjects(resource.type);
      if (known) found.refresh.push(resource.urn);
      found.cutOff.push({ ...about, verdict: 'forget', why: forgotten(operation, known) });
      continue;
    }
    const answer = leavesObjects(resource.type) ? await look.at(resource) : { is: 'nothing' as const };
    if (answer.is === 'ours') {
      adopt(resource, answer);
      found.cutOff.push({ ...about, verdict: 'adopt', why: `${answer.what} is there` });
    } else {
      found.cutOff.push({ ...about, verdict: 'forget', why: forgottenCreate(resource.type, answer.is) });
      question(found, resource, answer);
    }
  }

  for (const resource of creates) {
    if (adopted.has(resource.urn) || found.questions.some(({ urn }) => urn === resource.urn)) continue;
    if (!leavesObjects(resource.type)) continue;
    const answer = await look.at(resource);
    if (answer.is !== 'ours') {
      question(found, resource, answer);
      continue;
    }
    const about = { urn: resource.urn, type: resource.type, what: answer.what };
    // Inputs that come from something adopted in this round are known to the next preview.
    if (hasUnknown(resource.inputs)) {
      found.later.push(about);
      continue;
    }
    adopt(resource, answer);
    found.unrecorded.push(about);
  }

  for (const resource of resourcesOf(state)) {
    const { urn, type, id } = resource;
    if (id === undefined || resource.pendingReplacement === true || !leavesObjects(type)) continue;
    if ((await access.exists(resource)) !== false) continue;
    found.gone.push({ urn, type, id });
    if (resource.delete === true && liveResource(state, urn) !== undefined) found.deleted.push(resource);
    else found.refresh.push(urn);
  }
  const crashed = found.cutOff.length + found.adoptions.length + found.gone.length > 0;
  if (!crashed) found.questions = found.questions.filter(({ perhaps }) => perhaps !== true);
  found.refresh = [...new Set(found.refresh)];
  return found;
}

/** Components that a record would hang under and that are not recorded themselves, outermost first. */
function missingParents(state: State, creates: readonly Resource[], { parent }: Resource): Resource[] {
  if (parent === undefined || liveResource(state, parent) !== undefined) return [];
  const component = creates.find((one) => one.urn === parent && one.custom !== true);
  return component === undefined ? [] : [...missingParents(state, creates, component), component];
}

/** Looks for what the program wants, with the doubts that are the same at every cloud. */
class Look {
  readonly #state: State;
  readonly #access: Clouds;
  readonly #id: (urn: string) => string | undefined;
  readonly #creates: readonly Resource[];

  constructor(state: State, access: Clouds, id: (urn: string) => string | undefined, creates: readonly Resource[]) {
    this.#state = state;
    this.#access = access;
    this.#id = id;
    this.#creates = creates;
  }

  async at(resource: Resource): Promise<Found> {
    const answer = await this.#access.find(resource, this.#wanted(resource));
    if (answer.is !== 'ours') return answer;
    const holder = resourcesOf(this.#state).find(
      (one) => one.type === resource.type && one.id === answer.id && one.provider === resource.provider,
    );
    if (holder !== undefined && holder.pendingReplacement !== true)
      return {
        is: 'foreign',
        what: `${answer.what} is recorded already, as ${titleOf(holder.urn, holder.type)}`,
        way: 'an object belongs to one record: if it was renamed in the program, an alias says so; else pulumi state remove the wrong record',
      };
    if (resource.provider?.endsWith(`::${UNKNOWN}`) === true)
      return {
        is: 'foreign',
        what: `${answer.what} is there, but the state does not know its provider, so it cannot hold the object`,
        way: `import a backup of the state; or let the engine record the provider, and run mesh recover again: pulumi up --target '${resource.provider.replace(`::${UNKNOWN}`, '')}'`,
      };
    const key = this.#creates.find(
      (one) => one.type === 'mesh:index:HostKey' && nameOf(one.urn) === nameOf(resource.urn),
    );
    if (key !== undefined && boots(resource.type))
      return {
        is: 'foreign',
        what: `${answer.what} is there, but the key that it was born with is not in the state: nobody could tell it from an impostor`,
        way: 'import a backup of the state that has the key, and run mesh recover again; or delete the server at the cloud, and the next up makes it anew',
      };
    return answer;
  }

  #wanted({ urn, type, inputs = {}, propertyDependencies }: Resource): Wanted {
    return {
      urn,
      type,
      inputs,
      recorded: new Set(
        resourcesOf(this.#state).flatMap((one) => (one.type === type && one.id !== undefined ? [one.id] : [])),
      ),
      idFrom: (input, from) => {
        const source = (propertyDependencies?.[input] ?? []).find((one) => typeOf(one) === from);
        return source === undefined ? undefined : this.#id(source);
      },
    };
  }
}

function question(found: Survey, { urn, type }: Resource, answer: Found | { is: 'nothing' }): void {
  if (answer.is === 'foreign') found.questions.push({ urn, type, what: answer.what, way: answer.way });
  if (answer.is === 'ambiguous')
    found.questions.push({
      urn,
      type,
      what: `${answer.what}: ${answer.which.join('; ')}`,
      way: answer.way,
      ...(answer.perhaps === true && { perhaps: true }),
    });
}

/** Type of the resource that an URN names: the last of its chain of parents. */
const typeOf = (urn: string): string => (urn.split('::')[2] ?? '').split('$').at(-1) ?? '';

const TAILNET_NODE = 'mesh:index:TailnetNode';

function forgottenCreate(type: string, is: Found['is'] | 'nothing'): string {
  if (is === 'foreign' || is === 'ambiguous') return 'what is there cannot be taken for its work; see below';
  if (is !== 'nothing') return 'nothing of it is at the cloud: the next up makes it';
  if (type === TAILNET_NODE) return 'the next up asks the host: when it has joined, the node is adopted';
  if (type === 'mesh:index:HostRelease')
    return 'the next up starts at its first step again; the host holds no half release';
  if (type === 'mesh:index:HostKey') return 'no server has got that key; the next up makes another';
  if (type.startsWith('command:')) return 'whether the command ran is not known; the next up runs it, perhaps again';
  return 'the next up does it, whatever was done already';
}

function forgotten({ type: kind, resource }: Operation, looksAgain: boolean): string {
  if (looksAgain)
    return kind === 'deleting'
      ? 'a refresh tells whether it is gone, and takes the record away if so'
      : 'a refresh tells what it is now';
  if (kind === 'deleting') return 'its record stays; whoever deletes it again finds it gone or deletes it';
  if (resource.type.startsWith('mesh:')) return 'the next up compares with the host or the tailnet, and finishes it';
  return 'the next up does it again';
}
