import * as pulumi from '@pulumi/pulumi';

class Toys extends pulumi.ProviderResource {
  constructor(name: string, args: { tenant: string; apiKey: string }) {
    super('toy', name, args);
  }
}

class Box extends pulumi.CustomResource {
  declare readonly hash: pulumi.Output<string>;
  constructor(name: string, args: Record<string, pulumi.Input<unknown>>, options: pulumi.CustomResourceOptions) {
    super('toy:index:Box', name, { ...args, hash: undefined, made: undefined }, options);
  }
}

const config = new pulumi.Config();
const provider = new Toys('toys', { tenant: 'acme', apiKey: 'sentinel-api-key' });
const first = new Box(
  'first',
  {
    files: { '/etc/x': { content: config.require('content').repeat(config.getNumber('repeat') ?? 1), mode: '0644' } },
    token: pulumi.secret('sentinel-token'),
    place: config.get('place') ?? 'here',
    slow: config.getBoolean('slow') ?? false,
  },
  { provider },
);
const second = new Box('second', { upstream: first.hash, place: 'there', token: 'open' }, { provider });

export const hash = second.hash;
