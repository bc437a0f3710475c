import { KEEP_ICMP, LOSE_ICMP } from '../../lab/machines/inside/careless.ts';
import type { Fetched } from '../../lab/machines/inside/index.ts';
import { dim } from '../render/style.ts';
import { appOf, fails, PORT, type Scene } from './scene.ts';

const BYTES = 200_000;

/** Large transfers hang in a tunnel that is narrower than its LANs, until SYN packets are clamped. */
export async function blackHole({ stack: { plan }, inside, say }: Scene): Promise<void> {
  const [fra, gra, bhs] = [appOf(plan, 'eu-fra'), appOf(plan, 'eu-gra'), appOf(plan, 'ca-bhs')];
  say.step(
    'The black hole, without and with the clamp',
    'The tunnel takes 1280 bytes, the LANs send 1450 and 1500. Whoever sends too much is told by ICMP, and firewalls lose ICMP:',
    'logins work, a TLS certificate or a large answer hangs. The clamp writes a fitting segment size into each handshake.',
  );
  const routers = plan.sites.flatMap((site) => site.routers.map(({ name }) => name));
  const onRouters = async (script: string): Promise<void> => {
    await Promise.all(routers.map((router) => inside.shell(router, script)));
  };
  const ways: Way[] = [
    {
      name: `IPv4 ${fra.name} ← ${gra.name}`,
      get: (bytes) => inside.fetch(fra.name, gra.address, PORT.listed, { bytes }),
    },
    {
      name: `IPv6 ${gra.name} ← ${bhs.name}`,
      get: (bytes) => inside.fetch(gra.name, bhs.address6 ?? '', PORT.listed, { bytes }),
    },
  ];
  try {
    await onRouters(LOSE_ICMP);
    await onRouters('nft flush chain inet mesh_site mss');
    say.does('all routers lose ICMP, and the clamp is taken away');
    for (const { name, get } of ways) {
      const [small, hung] = await Promise.all([get(100), get(BYTES)]);
      if (!small.ok || hung.ok) fails(`${name}: without the clamp a large transfer should hang, and a small one pass`);
      say.good(`${name}: 100 bytes in ${milliseconds(small)}`);
      say.bad(`${name}: ${BYTES} bytes: connected, ${hung.bytes} came, then silence ${segments(hung)}`);
    }
    await onRouters('systemctl restart site-mesh-nft.service');
    say.does('the clamp is back; ICMP is still lost');
    for (const { name, get } of ways) {
      const passed = await get(BYTES);
      if (!passed.ok) fails(`${name}: with the clamp ${passed.bytes} of ${BYTES} bytes came`);
      say.good(`${name}: ${BYTES} bytes in ${milliseconds(passed)} ${segments(passed)}`);
    }
  } finally {
    await onRouters(`${KEEP_ICMP}; systemctl restart site-mesh-nft.service`);
  }
}

interface Way {
  name: string;
  get: (bytes: number) => Promise<Fetched>;
}

const milliseconds = ({ seconds }: Fetched): string => `${(seconds * 1000).toFixed(0)} ms`;

const segments = ({ server_mss: mss }: Fetched): string => (mss === undefined ? '' : dim(`(segments of ${mss} bytes)`));
