import { describe, expect, test } from 'vitest';
import { createsOf } from '../../../cli/recover/preview.ts';
import { operationsOf, parseState, resourcesOf, withAdopted, withoutDeleted } from '../../../cli/recover/state.ts';
import { NETWORK, resource, SERVER, stateOf } from './recover-fixtures.ts';

const network = resource(NETWORK, 'eu-fra', { id: '1004' });
const secret = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', ciphertext: 'v1:x' };
const server = resource(SERVER, 'fra-db-01', {
  inputs: { __defaults: ['backups'], name: 'fra-db-01', userData: secret },
  dependencies: [network.urn, 'urn:not:recorded'],
  propertyDependencies: { name: [], sshKeys: ['urn:not:recorded'] },
});

describe('an adopted resource', () => {
  test('stands behind all others, with its id, its inputs as outputs, and nothing pending', () => {
    const state = stateOf([network], [{ type: 'creating', resource: server }]);
    const edited = withAdopted(state, [{ resource: server, id: '1012', outputs: { networkId: 1 } }]);
    expect(operationsOf(edited)).toEqual([]);
    expect(resourcesOf(edited)).toEqual([
      network,
      {
        ...server,
        id: '1012',
        outputs: { name: 'fra-db-01', userData: secret, networkId: 1, id: '1012' },
        dependencies: [network.urn],
        propertyDependencies: { name: [], sshKeys: [] },
      },
    ]);
    expect(state.deployment.resources, 'the given state is left as it was').toEqual([network]);
  });

  test('may depend on one that was adopted with it', () => {
    const edited = withAdopted(stateOf([]), [
      { resource: network, id: '1004' },
      { resource: server, id: '1012' },
    ]);
    expect(resourcesOf(edited)[1]?.dependencies).toEqual([network.urn]);
  });

  test('takes the place of one that was deleted before it', () => {
    const old = { ...server, id: '1000', pendingReplacement: true };
    const edited = withAdopted(stateOf([old, network]), [{ resource: server, id: '1012' }]);
    expect(resourcesOf(edited).map(({ id, pendingReplacement }) => [id, pendingReplacement])).toEqual([
      ['1012', undefined],
      ['1004', undefined],
    ]);
  });

  test('that was made before its predecessor went leaves that one to be deleted, behind itself', () => {
    const edited = withAdopted(stateOf([{ ...server, id: '1000' }]), [{ resource: server, id: '1012' }]);
    expect(resourcesOf(edited).map((one) => [one.id, one.delete])).toEqual([
      ['1012', undefined],
      ['1000', true],
    ]);
  });

  test('that is a component has neither id nor outputs', () => {
    const component = { urn: 'urn:component', type: 'site-mesh:hetzner:Site', custom: false };
    expect(resourcesOf(withAdopted(stateOf([]), [{ resource: component }]))).toEqual([
      { ...component, dependencies: [], propertyDependencies: {} },
    ]);
  });
});

test('what of an exported state we do not know stays as it was', () => {
  const deployment = {
    manifest: { magic: 'm' },
    secrets_providers: { type: 'passphrase' },
    resources: [{ ...network, x: 1 }],
  };
  const state = parseState(JSON.stringify({ version: 3, deployment }));
  expect(withAdopted(state, [])).toEqual({ version: 3, deployment: { ...deployment, pending_operations: [] } });
  expect(operationsOf(state)).toEqual([]);
});

test('records of what was to be deleted go alone', () => {
  const waiting = { ...network, id: '1', delete: true };
  expect(resourcesOf(withoutDeleted(stateOf([network, waiting]), [waiting]))).toEqual([network]);
});

describe('a preview', () => {
  const step = (op: string, newState: unknown): object => ({ op, urn: 'urn:x', newState });

  test('tells what would be made, without secrets, which it does not show', () => {
    const steps = [
      step('create', { ...server, inputs: { name: 'a', userData: '[secret]', nested: [{ of: '[secret]' }] } }),
      step('create-replacement', network),
      step('same', network),
      step('delete', undefined),
    ];
    expect(createsOf(JSON.stringify({ steps })).map(({ urn, inputs }) => [urn, inputs])).toEqual([
      [server.urn, { name: 'a' }],
      [network.urn, { name: 'eu-fra' }],
    ]);
  });

  test('of nothing is nothing', () => expect(createsOf('{"steps":null}')).toEqual([]));
});
