import { describe, expect, it } from 'vitest';
import type { Inputs } from '../../../io/rpc/types.ts';
import type { ResourceSpec } from '../../../lab/plugins/properties.ts';
import { importedInputs, refreshedInputs } from '../../../lab/plugins/read-inputs.ts';

const spec = (framework: boolean): ResourceSpec => ({
  framework,
  named: true,
  properties: {
    name: { type: 'string' },
    size: { type: 'string', required: true },
    monitoring: { type: 'boolean', default: false },
    resizeDisk: { type: 'boolean', default: true },
    userData: {
      type: 'string',
      equal: (state, program) => typeof program === 'string' && state === `hash of ${program}`,
    },
    tags: { type: 'list', set: true },
    rules: { type: 'list', set: true },
    steps: { type: 'list' },
    labels: { type: 'map' },
  },
  outputs: ['address'],
});

describe('an import is given', () => {
  const outputs: Inputs = {
    name: 'a',
    size: '',
    monitoring: true,
    resizeDisk: true,
    tags: [],
    labels: { a: 'b' },
    address: '192.0.2.1',
  };

  it('what is required or says something, and no default and no output', () => {
    expect(importedInputs(spec(false), outputs)).toEqual({
      name: 'a',
      size: '',
      monitoring: true,
      labels: { a: 'b' },
      __defaults: [],
    });
  });

  it('what differs from a default, also where that is nothing; a framework type keeps no list of defaults', () => {
    expect(importedInputs(spec(true), { ...outputs, resizeDisk: false, monitoring: false })).toEqual({
      name: 'a',
      size: '',
      resizeDisk: false,
      labels: { a: 'b' },
    });
  });
});

describe('a refresh', () => {
  const refresh = (inputs: Inputs, outputs: Inputs): Inputs => refreshedInputs(spec(false), inputs, outputs);

  it('takes over what the cloud answers now, of what the program gave', () => {
    expect(refresh({ size: 'small' }, { size: 'big', name: 'a', monitoring: true })).toEqual({ size: 'big' });
  });

  it('lets go of what the cloud no longer has', () => {
    expect(refresh({ size: 'small', userData: 'x' }, { size: 'small', userData: null })).toEqual({ size: 'small' });
  });

  it('keeps a text that state holds in another form, until it means another one', () => {
    expect(refresh({ userData: 'x' }, { userData: 'hash of x' })).toEqual({ userData: 'x' });
    expect(refresh({ userData: 'x' }, { userData: 'hash of y' })).toEqual({ userData: 'hash of y' });
  });

  it('finds the members of a set again wherever they are, and takes in none that somebody added', () => {
    const ssh = { protocol: 'tcp', port: '22', from: ['::/0'] };
    const ping = { protocol: 'icmp', from: ['::/0'] };
    const there = { protocol: 'udp', port: '1', from: ['::/0'], description: '' };
    expect(refresh({ rules: [ssh, ping] }, { rules: [there, { ...ping, port: '' }, { ...ssh, port: '23' }] })).toEqual({
      rules: [{ ...ssh, port: '23' }, ping],
    });
    expect(refresh({ rules: [ssh, ping] }, { rules: [{ ...ping, port: '' }] })).toEqual({ rules: [ping] });
  });

  it('compares other lists by position, and objects by the members that the program gave', () => {
    expect(refresh({ tags: ['a', 'b'], steps: [1, 2] }, { tags: ['b'], steps: [1, 3, 4] })).toEqual({
      tags: ['b'],
      steps: [1, 3],
    });
    expect(refresh({ labels: { a: 'b', c: 'd' } }, { labels: { a: 'x', e: 'f' } })).toEqual({ labels: { a: 'x' } });
  });

  it('takes a default that was changed for no default any more, and drops the list with the last of them', () => {
    const inputs = { name: 'auto', resizeDisk: true, __defaults: ['name', 'resizeDisk'] };
    expect(refresh(inputs, { name: 'auto', resizeDisk: true })).toEqual(inputs);
    expect(refresh(inputs, { name: 'mine', resizeDisk: true })).toMatchObject({ __defaults: ['resizeDisk'] });
    expect(refresh(inputs, { name: 'mine', resizeDisk: false })).toEqual({ name: 'mine', resizeDisk: false });
  });
});
