import type { Example, Package } from './types.ts';

const connection = (host: string): Example => ({
  host,
  privateKey: 'not a key',
  password: 'no password',
  privateKeyPassword: 'none either',
  hostKey: 'ssh-ed25519 AAAA',
  // A stand-in dials loopback only.
  proxy: { host: '127.0.0.1', privateKey: 'not a key', password: 'no password', privateKeyPassword: 'none either' },
});

export const command: Package = {
  name: 'command',
  entry: 'lab/plugins/command.ts',
  config: {},
  types: {
    'command:remote:Command': {
      sets: [
        {
          connection: [connection('192.0.2.1'), connection('192.0.2.2')],
          create: ['true', 'false'],
          update: ['true', 'false'],
          delete: ['true', 'false'],
          stdin: ['one', 'two'],
          environment: [{ A: 'b' }, { A: 'c' }],
          triggers: [['one'], ['two']],
          logging: ['none', 'stdout'],
          addPreviousOutputInEnv: [false, true],
        },
      ],
      state: { stdout: '', stderr: '' },
      notMade: 'no: a command cannot be read',
    },
  },
  reasons: { schema: {}, sdk: {}, official: {}, import: {} },
};
