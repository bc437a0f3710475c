// The program that a bench compares ours with: the same registrations, every value a literal. It runs in a project of its own.
import { readFileSync } from 'node:fs';
import * as pulumi from '@pulumi/pulumi';

interface Registration {
  urn: string;
  type: string;
  custom: boolean;
  inputs?: Record<string, unknown>;
  parent?: string;
  provider?: string;
  dependencies?: string[];
  protect?: boolean;
}

class Component extends pulumi.ComponentResource {
  constructor(type: string, name: string, options: pulumi.ComponentResourceOptions) {
    super(type, name, {}, options);
    this.registerOutputs({});
  }
}
class Custom extends pulumi.CustomResource {}
class Provider extends pulumi.ProviderResource {}

/** Marks of the engine's state: a secret, in its own JSON. */
const SIGNATURE = '4dabf18193072939515e22adb298388d';

function literal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== 'object' || value === null) return value;
  if (SIGNATURE in value && 'plaintext' in value && typeof value.plaintext === 'string')
    return pulumi.secret(literal(JSON.parse(value.plaintext)));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, literal(member)]));
}

const known = new Map<string, pulumi.Resource>();
const providers = new Map<string, Provider>();
const registrations = JSON.parse(
  readFileSync(new URL('registrations.json', import.meta.url), 'utf8'),
) as Registration[];
for (const { urn, type, custom, inputs = {}, parent, provider, dependencies = [], protect = false } of registrations) {
  const name = urn.slice(urn.lastIndexOf('::') + 2);
  const own = parent === undefined ? undefined : known.get(parent);
  const by = provider === undefined ? undefined : providers.get(provider.slice(0, provider.lastIndexOf('::')));
  const options = {
    ...(own && { parent: own }),
    dependsOn: dependencies.flatMap((dependency) => known.get(dependency) ?? []),
    protect,
  };
  const { version, ...rest } = literal(inputs) as Record<string, unknown>;
  if (type.startsWith('pulumi:providers:')) {
    const versioned = { ...options, ...(typeof version === 'string' && { version }) };
    const made = new Provider(type.slice('pulumi:providers:'.length), name, rest, versioned);
    providers.set(urn, made);
    known.set(urn, made);
  } else if (custom) {
    const provided = { ...options, ...(by && { provider: by }) };
    known.set(urn, new Custom(type, name, literal(inputs) as pulumi.Inputs, provided));
  } else known.set(urn, new Component(type, name, options));
}
