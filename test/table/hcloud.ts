import { createHash } from 'node:crypto';
import { startCloud, TOKENS, KEY_A, KEY_B } from '../unit/lab/cloud.ts';
import { Ref, type Package } from './types.ts';

const FRAMEWORK = 'a framework type: its schema marks no replacement; it replaces by its plan (API: immutable)';
const MARKED_FOR_REMOVAL = 'refused by the version of the SDK: the API knows locations only';
const LAB_HAS_NONE = 'the lab’s cloud has no such thing, and its stand-in says so rather than doing nothing';

const rule = (port: string) => [{ direction: 'in', protocol: 'tcp', port, sourceIps: ['198.51.100.0/28'] }];

export const hcloud: Package = {
  name: 'hcloud',
  entry: 'lab/plugins/hcloud.ts',
  config: { token: 't'.repeat(64), endpoint: 'http://127.0.0.1:9/v1', pollInterval: '5ms', pollFunction: 'constant' },
  cloud: async () => {
    const cloud = await startCloud();
    const config = {
      token: TOKENS.staging,
      endpoint: `${cloud.base}/v1`,
      pollInterval: '5ms',
      pollFunction: 'constant',
    };
    return { config, ids: {}, close: cloud.close };
  },
  types: {
    'hcloud:index/sshKey:SshKey': {
      sets: [{ name: ['one', 'two'], publicKey: [KEY_A, KEY_B], labels: [{ a: 'b' }, { a: 'c' }] }],
      state: { fingerprint: 'b7:2f' },
    },
    'hcloud:index/network:Network': {
      sets: [
        {
          name: ['one', 'two'],
          ipRange: ['10.77.0.0/16', '10.78.0.0/16'],
          labels: [{ a: 'b' }, { a: 'c' }],
          deleteProtection: [true, false],
          exposeRoutesToVswitch: [true, false],
        },
      ],
    },
    'hcloud:index/networkSubnet:NetworkSubnet': {
      sets: [
        {
          networkId: [new Ref('Network'), 4712],
          type: ['cloud', 'vswitch'],
          networkZone: ['eu-central', 'us-east'],
          ipRange: ['10.77.10.0/24', '10.77.11.0/24'],
          vswitchId: [5, 6],
        },
      ],
      state: { gateway: '10.77.0.1' },
    },
    'hcloud:index/networkRoute:NetworkRoute': {
      sets: [
        {
          networkId: [new Ref('Network'), 4712],
          destination: ['10.90.0.0/24', '10.91.0.0/24'],
          gateway: ['10.77.10.2', '10.77.10.3'],
        },
      ],
    },
    'hcloud:index/placementGroup:PlacementGroup': {
      sets: [{ name: ['one', 'two'], type: ['spread', 'spread'], labels: [{ a: 'b' }, { a: 'c' }] }],
      state: { servers: [1] },
    },
    'hcloud:index/primaryIp:PrimaryIp': {
      sets: [
        {
          name: ['one', 'two'],
          type: ['ipv4', 'ipv6'],
          location: ['fsn1', 'nbg1'],
          autoDelete: [true, false],
          labels: [{ a: 'b' }, { a: 'c' }],
          deleteProtection: [true, false],
        },
        { type: ['ipv4', 'ipv6'], assigneeId: [new Ref('Server'), 4712], assigneeType: ['server', 'unassigned'] },
      ],
      state: { ipAddress: '203.0.113.5', location: 'fsn1', assigneeId: 0, assigneeType: '' },
    },
    'hcloud:index/firewall:Firewall': {
      sets: [
        {
          name: ['one', 'two'],
          labels: [{ a: 'b' }, { a: 'c' }],
          applyTos: [[{ labelSelector: 'a=b' }], [{ labelSelector: 'a=c' }]],
          rules: [rule('22'), rule('23')],
        },
      ],
    },
    'hcloud:index/server:Server': {
      sets: [
        {
          name: ['one', 'two'],
          serverType: ['cx23', 'cx33'],
          image: ['debian-12', 'debian-13'],
          location: ['fsn1', 'nbg1'],
          userData: ['#cloud-config\n', '#!/bin/sh\n'],
          sshKeys: [['one'], ['two']],
          keepDisk: [true, false],
          allowDeprecatedImages: [true, false],
          backups: [true, false],
          labels: [{ a: 'b' }, { a: 'c' }],
          publicNets: [[{ ipv4Enabled: true, ipv6Enabled: false }], [{ ipv4Enabled: true, ipv6Enabled: true }]],
          networks: [
            [{ networkId: new Ref('Network'), ip: '10.77.10.5' }],
            [{ networkId: new Ref('Network'), ip: '10.77.10.6' }],
          ],
          ignoreRemoteFirewallIds: [true, false],
          firewallIds: [[new Ref('Firewall')], [4712]],
          placementGroupId: [new Ref('PlacementGroup'), 4712],
          deleteProtection: [true, false],
          rebuildProtection: [true, false],
          shutdownBeforeDeletion: [true, false],
        },
      ],
      state: { status: 'running' },
      stored: { userData: createHash('sha1').update('#cloud-config\n').digest('base64') },
      made: { serverType: 'cx23', image: 'debian-12', location: 'fsn1' },
    },
    'hcloud:index/serverNetwork:ServerNetwork': {
      sets: [
        {
          serverId: [new Ref('Server'), 4712],
          networkId: [new Ref('Network'), 4712],
          ip: ['10.77.10.5', '10.77.10.6'],
          aliasIps: [['10.77.10.7'], ['10.77.10.8']],
        },
        { serverId: [new Ref('Server'), 4712], subnetId: ['4711-10.77.10.0/24', '4711-10.77.11.0/24'] },
      ],
      state: { networkId: 4711, ip: '10.77.10.5', macAddress: '86:00:00:00:00:01' },
    },
    'hcloud:index/firewallAttachment:FirewallAttachment': {
      sets: [
        {
          firewallId: [new Ref('Firewall'), 4712],
          serverIds: [[new Ref('Server')], [4712]],
          labelSelectors: [['a=b'], ['a=c']],
        },
      ],
      made: { firewallId: new Ref('Firewall'), serverIds: [new Ref('Server')] },
    },
  },
  reasons: {
    schema: {
      'SshKey.publicKey replaces': FRAMEWORK,
      'PrimaryIp.type replaces': FRAMEWORK,
      'PrimaryIp.location replaces': FRAMEWORK,
      'ServerNetwork.serverId replaces': FRAMEWORK,
      'ServerNetwork.networkId replaces': FRAMEWORK,
      'ServerNetwork.subnetId replaces': FRAMEWORK,
      'ServerNetwork.ip replaces': FRAMEWORK,
      'Server.datacenter input': MARKED_FOR_REMOVAL,
      'PrimaryIp.datacenter input': MARKED_FOR_REMOVAL,
      'Server.iso input': LAB_HAS_NONE,
      'Server.iso output': LAB_HAS_NONE,
      'Server.rescue input': LAB_HAS_NONE,
      'Server.rescue output': LAB_HAS_NONE,
    },
    sdk: { 'Server.iso output': LAB_HAS_NONE, 'Server.rescue output': LAB_HAS_NONE },
    official: {},
    import: {},
  },
};
