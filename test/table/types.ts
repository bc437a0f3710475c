import type { Inputs, Value } from '../../io/rpc/types.ts';

/** Stands for the id of a resource of that type (`Server`): any id in questions that need no cloud, the real one with a cloud. */
export class Ref {
  readonly type: string;
  /** What the argument takes; ids are texts in Pulumi. */
  readonly as: 'text' | 'number';
  readonly example: string;
  constructor(type: string, as: 'text' | 'number' = 'number', example = '4711') {
    this.type = type;
    this.as = as;
    this.example = example;
  }
}
export type Example = Ref | Exclude<Value, object> | Example[] | { [key: string]: Example };

/** How one type is asked about. */
export interface TypeExample {
  /** Sets of arguments that are accepted; each argument with another value that is accepted too. Together they name every argument. */
  sets: Record<string, [value: Example, other: Example]>[];
  /** What the cloud answers of what the program does not say. */
  state?: Inputs;
  /** Arguments that a state holds in another form. */
  stored?: Inputs;
  /** Arguments that make one, with a cloud. Left out: the first set without what may be left out. */
  made?: Record<string, Example>;
  /** Why none can be imported, which keeps it from being made here. */
  notMade?: string;
  /** The cloud takes several of one name. */
  sharesNames?: true;
  /** The outputs whose values, joined by commas, an import names where it is not the id. */
  importId?: readonly string[];
}

/** A cloud for the questions that need one. */
export interface Cloud {
  /** Arguments of the provider. */
  config: Inputs;
  /** Ids that no resource type makes, by the name that `Ref` uses. */
  ids: Record<string, string>;
  close(): Promise<void>;
}

/** A difference that is meant, by `Type.property fact`, with its reason. */
export type Reasons = Record<string, string>;

/** All that is known here of one plugin. A new plugin joins by one of these in `packages.ts`. */
export interface Package {
  name: string;
  /** The stand-in's entry, from the root of the tree. */
  entry: string;
  /** Valid arguments of the provider that lead nowhere. */
  config: Inputs;
  /** Environment of the stand-in's process. */
  env?: Record<string, string>;
  types: Record<string, TypeExample>;
  cloud?: () => Promise<Cloud>;
  /** Differences that are meant: from the schema, from the npm SDK, from the official plugin; and imports that are no plain yes, by type. */
  reasons: { schema: Reasons; sdk: Reasons; official: Reasons; import: Reasons };
}

export type Change = 'nothing' | 'update' | 'replace';

/** What a plugin does with one property. */
export interface Property {
  /** `refused`: known, and refused whatever the value. */
  input: boolean | 'refused';
  required: boolean;
  output: boolean;
  /** The plugin says by itself that the value is secret. */
  secret: boolean;
  /** What another value means. Absent where it cannot be given. */
  change?: Change;
  /** What it means to leave it out again. Absent where that is refused. */
  leftOut?: Change;
  /** What Check fills in where it is left out, as JSON; `auto` for a made-up name. */
  default?: string;
}

export interface TypeTable {
  /** The last part of the token. */
  name: string;
  token: string;
  properties: Record<string, Property>;
  /** Paths below properties: what Check fills in there, as JSON, and what it marks as secret. */
  nested: { defaults: Record<string, string>; secrets: string[] };
  /** Whether a replacement of one with a name of the program's deletes first; absent where nothing replaces or there is no name. */
  deletesFirst?: boolean;
}

/** What only a cloud can tell. */
export interface Life {
  /** A second one of the same name; absent where there is no name. */
  takenName?: 'refused' | 'accepted';
  /** `yes`: `pulumi import` gives inputs that plan no change. Else what is in the way. */
  import: string;
}
