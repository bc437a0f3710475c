import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { installed } from './installed.ts';
import { launcher } from './launcher.ts';
import { obtainInCache, type Obtained, type ObtainOptions, type Ways } from './obtain.ts';
import { pulumi, pulumiBuild } from './pulumi.ts';
import { PULUMI_VERSION } from './versions.ts';

export { EngineError } from './error.ts';

/** The engine, ready to be started. */
export interface Engine {
  version: string;
  /** Path of the `pulumi` executable. */
  cli: string;
  how: Obtained['how'];
  /** True when the vendor's Node.js language host lies beside it. */
  languageHost: boolean;
}

/** Our cache aside: an installed one, the official download, a build from Go modules. */
const WAYS: Ways = { finder: installed, makers: [launcher(), pulumiBuild] };

/**
 * Makes Pulumi (PULUMI_VERSION, exactly) available. What is downloaded or built is cached. Safe when two run at once and
 * when one is killed half way; see `obtainInCache` for Ctrl-C.
 * @throws EngineError with a complete message for people
 */
export async function obtainPulumi(options: ObtainOptions, ways: Ways = WAYS): Promise<Engine> {
  const obtained = await obtainInCache(pulumi, 'engine', ways, options);
  const cli = obtained.how === 'installed' ? obtained.file : join(obtained.dir, 'pulumi');
  const languageHost = await access(join(dirname(cli), 'pulumi-language-nodejs'), constants.X_OK).then(
    () => true,
    () => false,
  );
  return { version: PULUMI_VERSION, cli, how: obtained.how, languageHost };
}
