import { imageNames } from '../../../lab/machines/image/base.ts';
import { hostProtocolContract } from '../../contract/host-protocol.ts';
import { describeWith, MACHINES } from '../requirements.ts';
import { MachineTransport } from './transport.ts';

describeWith(MACHINES, 'machines of the lab', () => {
  for (const image of imageNames)
    hostProtocolContract(image, () => MachineTransport.create(image), {
      checks: true,
      busy: true,
      files: true,
      foreign: true,
      tailnet: false,
      network: true,
    });
});
