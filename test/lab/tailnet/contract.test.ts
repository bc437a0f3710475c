import { afterAll, beforeAll } from 'vitest';
import { tailnetContract } from '../../contract/tailnet-contract.ts';
import { DAEMONS, describeWith, NETWORKS } from '../requirements.ts';
import { Ground } from './bench.ts';

describeWith([...NETWORKS, ...DAEMONS], 'a tailnet of headscale and tailscaled', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await Ground.make();
  }, 900_000);
  afterAll(() => ground.close());

  tailnetContract(() => Promise.resolve(ground.open()), {
    filtersPeers: true,
    holdsBack: false,
    takesBack: false,
    wholePolicy: false,
    endsAtOnce: false,
    endsKeyOnLogout: false,
  });
});
