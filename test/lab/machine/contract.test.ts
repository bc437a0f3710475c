import { imageNames } from '../../../lab/machines/image/base.ts';
import { hostProtocolContract } from '../../contract/host-protocol.ts';
import { describeWith, MACHINES } from '../requirements.ts';
import { MachineTransport } from './transport.ts';

// The contract takes minutes for each; boot and release tests run on all of them anyway.
const images = process.env.MESH_LAB_IMAGES === 'all' ? imageNames : imageNames.slice(0, 1);

describeWith(MACHINES, 'machines of the lab', () => {
  for (const image of images)
    hostProtocolContract(image, () => MachineTransport.create(image), {
      checks: true,
      busy: true,
      files: true,
      foreign: true,
      tailnet: false,
      neighbour: '172.31.1.1',
    });
});
