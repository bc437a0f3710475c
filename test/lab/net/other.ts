// other.ts LAB DIR WORLD: a process that makes a lab's networks, says `done` or what is wrong, and stays until it is killed.
import { createNet } from '../../../lab/machines/net/index.ts';
import type { World } from '../../../lab/machines/types.ts';

const [lab = '', dir = '', text = ''] = process.argv.slice(2);
const net = createNet({ lab, dir, log: () => undefined });
try {
  await net.converge(JSON.parse(text) as World);
  console.log('done');
} catch (error) {
  console.log(String(error));
}
setInterval(() => undefined, 1000);
