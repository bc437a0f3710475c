import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

type Environment = NodeJS.ProcessEnv;

/** The language host's name in MESH_PLUGINS, beside those of the providers. */
const LANGUAGE = 'nodejs';

/**
 * Which official plugins take the place of our stand-ins: `MESH_PLUGINS=official` all of them, or a list such as
 * `MESH_PLUGINS=digitalocean,nodejs`; none by default.
 * @param known names of the providers
 */
export function officialWanted(known: readonly string[], env: Environment = process.env): Set<string> {
  const said = (env.MESH_PLUGINS ?? '').split(',').filter((name) => name !== '');
  const choices = [...known, LANGUAGE];
  const wrong = said.find((name) => name !== 'official' && !choices.includes(name));
  if (wrong !== undefined)
    throw new Error(`MESH_PLUGINS: ${wrong} is no plugin here; it takes "official", or some of ${choices.join(', ')}`);
  return new Set(said.includes('official') ? ['official', ...known] : said);
}

/** Where official plugins are looked for: where `pulumi plugin install` puts them, or where MESH_PLUGIN_DIR says. */
function pluginFolder(env: Environment): string {
  const named = env.MESH_PLUGIN_DIR ?? '';
  // Not below PULUMI_HOME: in a shell of `mesh env` that is the lab's, which holds the stand-ins.
  return named === '' ? join(homedir(), '.pulumi', 'plugins') : resolve(named);
}

/** An official provider plugin of exactly that version, as the engine names it in its cache; or alone in the folder. */
export function officialPlugin(
  name: string,
  version: string,
  env: Environment = process.env,
): { path?: string; folder: string } {
  const folder = pluginFolder(env);
  const file = `pulumi-resource-${name}`;
  const path = [join(folder, `resource-${name}-v${version}`, file), join(folder, file)].find((one) => existsSync(one));
  return { folder, ...(path === undefined ? {} : { path }) };
}

/** The same, where there must be one. */
export function needOfficialPlugin(name: string, version: string, env: Environment = process.env): string {
  const { path, folder } = officialPlugin(name, version, env);
  if (path !== undefined) return path;
  throw new Error(
    `the official plugin ${name} ${version} is not in ${folder}: "pulumi plugin install resource ${name} ${version}" puts it into ~/.pulumi/plugins; MESH_PLUGIN_DIR names another folder`,
  );
}

/** The official language host: in the plugin folder, or beside the user's own pulumi. Ours stays when there is none and none was named. */
export function officialLanguageHost(wanted: ReadonlySet<string>, env: Environment = process.env): string | undefined {
  if (!wanted.has('official') && !wanted.has(LANGUAGE)) return undefined;
  const beside = (env.PATH ?? '').split(delimiter).filter((dir) => existsSync(join(dir, 'pulumi')));
  const folders = [pluginFolder(env), ...beside];
  const path = folders.map((dir) => join(dir, `pulumi-language-${LANGUAGE}`)).find((one) => existsSync(one));
  if (path === undefined && wanted.has(LANGUAGE))
    throw new Error(
      `pulumi-language-${LANGUAGE} is in none of ${folders.join(', ')}: it comes with an installed Pulumi`,
    );
  return path;
}
