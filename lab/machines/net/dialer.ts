import { closeSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

/** Opens connections in the lab's internet, by `gate.py`. */
export class Dialer {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  connect(address: string, port: number): Promise<Socket> {
    // A socket's path may have 107 bytes, and a lab may lie deeper: by its descriptor a folder is never far.
    const folder = openSync(this.#dir, 'r');
    const socket = connect({ path: `/proc/self/fd/${folder}/gate.sock`, allowHalfOpen: true });
    return new Promise<Socket>((resolve, reject) => {
      const fail = (error: Error): void => {
        socket.destroy();
        reject(error);
      };
      const away = (): void => fail(failure('EHOSTUNREACH', address, port));
      let answer = Buffer.alloc(0);
      const read = (): void => {
        let chunk: Buffer | null;
        while ((chunk = socket.read() as Buffer | null) !== null) answer = Buffer.concat([answer, chunk]);
        const end = answer.indexOf('\n');
        if (end < 0) return;
        const word = answer.toString('latin1', 0, end);
        if (word !== 'ok') {
          fail(failure(word, address, port));
          return;
        }
        socket.off('readable', read).off('error', away).off('end', away);
        if (end + 1 < answer.length) socket.unshift(answer.subarray(end + 1));
        resolve(socket);
      };
      socket.once('connect', () => socket.write(`${address} ${port}\n`));
      socket.on('readable', read).once('error', away).once('end', away);
    }).finally(() => closeSync(folder));
  }
}

function failure(code: string, address: string, port: number): Error {
  return Object.assign(new Error(`connect ${code} ${address}:${port}`), { code, address, port });
}
