import type { Compute } from '../types.ts';

/** The servers of several clouds as one. Their ids and public addresses never collide. */
export function uniteCompute(clouds: readonly Compute[]): Compute {
  return {
    all: () => clouds.flatMap((cloud) => cloud.all()),
    byPublicAddress: (address, port) => {
      for (const cloud of clouds) {
        const found = cloud.byPublicAddress(address, port);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
