import { dim } from '../render/style.ts';
import { appOf, fails, PORT, type Scene } from './scene.ts';

const BYTES = 200_000;
/** What careless firewalls do: the messages that would say "smaller, please" get lost. */
const LOSE_ICMP = `nft -f - <<'EOF'
table inet careless {
	chain out {
		type filter hook output priority 0; policy accept;
		icmp type destination-unreachable drop
		icmpv6 type packet-too-big drop
	}
}
EOF`;
const KEEP_ICMP = 'nft delete table inet careless';

/** Large transfers hang in a tunnel that is narrower than its LANs, until SYN packets are clamped. */
export async function blackHole({ stack, inside, say }: Scene): Promise<void> {
  const [from, to] = [appOf(stack.plan, 'eu-fra'), appOf(stack.plan, 'eu-gra')];
  say.step(
    'The black hole, without and with the clamp',
    'The tunnel takes 1280 bytes, the LANs send 1450 and 1500. Whoever sends too much is told by ICMP, and firewalls lose ICMP:',
    'logins work, a TLS certificate or a large answer hangs. The clamp writes a fitting segment size into each handshake.',
  );
  const routers = stack.plan.sites
    .filter(({ name }) => name === from.site || name === to.site)
    .flatMap((site) => site.routers.map(({ name }) => name));
  const onRouters = async (script: string): Promise<void> => {
    await Promise.all(routers.map((router) => inside.shell(router, script)));
  };
  const get = (bytes: number) => inside.fetch(from.name, to.address, PORT.listed, { bytes });
  try {
    await onRouters(LOSE_ICMP);
    await onRouters('nft flush chain inet mesh_site mss');
    say.does('routers lose ICMP, and the clamp is taken away');
    const [small, hung] = [await get(100), await get(BYTES)];
    if (!small.ok || hung.ok) fails('without the clamp a large transfer should hang, and a small one pass');
    say.good(`100 bytes: answered in ${(small.seconds * 1000).toFixed(0)} ms`);
    say.bad(`${BYTES} bytes: connected, ${hung.bytes} bytes came, then silence ${dim(segments(hung))}`);
    await onRouters('systemctl restart site-mesh-nft.service');
    say.does('the clamp is back; ICMP is still lost');
    const passed = await get(BYTES);
    if (!passed.ok) fails(`with the clamp ${passed.bytes} of ${BYTES} bytes came`);
    say.good(`${BYTES} bytes in ${(passed.seconds * 1000).toFixed(0)} ms ${dim(segments(passed))}`);
  } finally {
    await onRouters(`${KEEP_ICMP}; systemctl restart site-mesh-nft.service`);
  }
}

const segments = ({ server_mss: mss }: { server_mss?: number | undefined }): string =>
  mss === undefined ? '' : `(segments of ${mss} bytes)`;
