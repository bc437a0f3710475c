import { createHash } from 'node:crypto';
import { DO_TOKENS, KEY_A, KEY_B, startCloud } from '../unit/lab/cloud.ts';
import { Ref, type Package } from './types.ts';

const NO_VOLUMES = 'the lab’s cloud has none, and its stand-in says so rather than doing nothing';

const inbound = (portRange: string) => [
  { protocol: 'tcp', portRange, sourceAddresses: ['198.51.100.0/28'], sourceTags: ['role-router'] },
];
const outbound = (portRange: string) => [{ protocol: 'udp', portRange, destinationAddresses: ['0.0.0.0/0', '::/0'] }];

export const digitalocean: Package = {
  name: 'digitalocean',
  entry: 'lab/plugins/digitalocean.ts',
  config: { token: 't'.repeat(64), apiEndpoint: 'http://127.0.0.1:9' },
  // The official rhythm looks after ten seconds; what is asked here does not depend on it.
  env: { MESH_LAB_PACE: '0.001' },
  cloud: async () => {
    const cloud = await startCloud();
    return { config: { token: DO_TOKENS.staging, apiEndpoint: cloud.base }, ids: {}, close: cloud.close };
  },
  types: {
    'digitalocean:index/sshKey:SshKey': {
      sets: [{ name: ['one', 'two'], publicKey: [KEY_A, KEY_B] }],
      state: { fingerprint: 'b7:2f' },
    },
    'digitalocean:index/vpc:Vpc': {
      sets: [
        {
          name: ['one', 'two'],
          region: ['fra1', 'ams3'],
          description: ['one', 'two'],
          ipRange: ['10.78.0.0/24', '10.79.0.0/24'],
        },
      ],
      state: { createdAt: '2026-11-22T12:00:00Z', default: false, vpcUrn: 'do:vpc:4711' },
    },
    'digitalocean:index/tag:Tag': {
      sets: [{ name: ['role-router', 'role-db'] }],
      sharesNames: true,
      state: { totalResourceCount: 0, dropletsCount: 0 },
    },
    'digitalocean:index/droplet:Droplet': {
      sets: [
        {
          name: ['one', 'two'],
          image: ['debian-12-x64', 'debian-13-x64'],
          size: ['s-1vcpu-1gb', 's-1vcpu-2gb'],
          region: ['fra1', 'ams3'],
          backups: [true, false],
          backupPolicy: [
            { plan: 'weekly', weekday: 'TUE', hour: 8 },
            { plan: 'weekly', weekday: 'SUN', hour: 16 },
          ],
          dropletAgent: [true, false],
          gpuPartitionMode: ['PARTITION_MODE_SPX_NPS1', 'PARTITION_MODE_DPX_NPS2'],
          gracefulShutdown: [true, false],
          ipv6: [true, false],
          ipv6Address: ['2001:db8::1', '2001:db8::2'],
          monitoring: [true, false],
          privateNetworking: [true, false],
          publicNetworking: [true, false],
          resizeDisk: [true, false],
          sshKeys: [[new Ref('SshKey', 'text')], ['4712']],
          tags: [['role-router'], ['role-db']],
          userData: ['#cloud-config\n', '#!/bin/sh\n'],
          vpcUuid: [new Ref('Vpc', 'text'), '4712'],
        },
        // backupPolicy asks for backups: without it nothing does. And with a default beside it, a name that is left out is kept all the same.
        {
          name: ['one', 'two'],
          image: ['debian-12-x64', 'debian-13-x64'],
          size: ['s-1vcpu-1gb', 's-1vcpu-2gb'],
        },
      ],
      state: {
        status: 'active',
        region: 'fra1',
        vpcUuid: '4711',
        ipv4Address: '203.0.113.7',
        ipv4AddressPrivate: '10.78.0.2',
        ipv6Address: '',
        volumeIds: [],
        privateNetworking: true,
        publicNetworking: true,
        dropletUrn: 'do:droplet:4711',
        locked: false,
        disk: 25,
        memory: 1024,
        vcpus: 1,
        priceHourly: 0.01,
        priceMonthly: 6,
        createdAt: '2026-11-22T12:00:00Z',
      },
      stored: { userData: createHash('sha1').update('#cloud-config\n').digest('hex') },
      sharesNames: true,
      made: { image: 'debian-12-x64', size: 's-1vcpu-1gb', region: 'fra1' },
    },
    'digitalocean:index/firewall:Firewall': {
      sets: [
        {
          name: ['one', 'two'],
          dropletIds: [[new Ref('Droplet')], [4712]],
          inboundRules: [inbound('22'), inbound('23')],
          outboundRules: [outbound('1-65535'), outbound('53')],
          tags: [['role-router'], ['role-db']],
        },
      ],
      made: { inboundRules: [{ protocol: 'icmp', sourceAddresses: ['0.0.0.0/0'] }], tags: [new Ref('Tag', 'text')] },
      state: { status: 'succeeded', createdAt: '2026-11-22T12:00:00Z', pendingChanges: [] },
    },
    'digitalocean:index/reservedIp:ReservedIp': {
      sets: [
        { region: ['fra1', 'ams3'], dropletId: [new Ref('Droplet'), 4712], ipAddress: ['203.0.113.9', '203.0.113.10'] },
      ],
      state: { reservedIpUrn: 'do:reservedip:203.0.113.9' },
      made: { region: 'fra1' },
    },
    'digitalocean:index/reservedIpAssignment:ReservedIpAssignment': {
      sets: [
        {
          ipAddress: [new Ref('ReservedIp', 'text', '203.0.113.9'), '203.0.113.10'],
          dropletId: [new Ref('Droplet'), 4712],
        },
      ],
      importId: ['ipAddress', 'dropletId'],
    },
    'digitalocean:index/project:Project': {
      sets: [
        {
          name: ['one', 'two'],
          description: ['one', 'two'],
          purpose: ['Service or API', 'Operational tooling'],
          environment: ['Production', 'Staging'],
          isDefault: [true, false],
          resources: [['do:droplet:4711'], ['do:droplet:4712']],
        },
      ],
      state: { ownerId: 1, ownerUuid: 'u', createdAt: '2026-11-22T12:00:00Z', updatedAt: '2026-11-22T12:00:00Z' },
    },
    'digitalocean:index/projectResources:ProjectResources': {
      sets: [{ project: [new Ref('Project', 'text'), '4712'], resources: [['do:droplet:4711'], ['do:droplet:4712']] }],
    },
  },
  reasons: {
    schema: {
      'Provider.token secret': 'the SDK marks it since, and the stand-in with it',
      'Droplet.ipv6 replaces': 'only where it is turned off: the plugin’s code decides that, not its schema',
      'Droplet.volumeIds input': NO_VOLUMES,
    },
    sdk: {},
    official: { 'Droplet.volumeIds input': NO_VOLUMES },
    import: { ProjectResources: 'no importer: an id alone finds nothing' },
  },
};
