/** What is to be had: one folder of files in the cache, whole or not at all. */
export interface Wanted {
  /** For people: `Pulumi 3.259.0`. */
  title: string;
  version: string;
  /** Its folder in the cache, platform aside. Another recipe is another folder. */
  folder: string;
  /** The part of that folder that makers fill and whose files are recorded. */
  content: string;
  /** Files that it cannot be without, relative to `content`. */
  holds: readonly string[];
  /**
   * Looks at what a maker made, before it is taken over.
   * @throws Unavailable when it is not what was wanted
   */
  verify: (dir: string, context: WayContext) => Promise<void>;
}

/** What a way is given. */
export interface WayContext {
  env: NodeJS.ProcessEnv;
  /** Says what is being done; called as often as a way likes. */
  report: (message: string) => void;
  /** Aborted by Ctrl-C or by the caller; every child process must end with it. */
  signal: AbortSignal;
}

/** A way that finds an executable which is there already. */
export interface Finder {
  name: string;
  needs: string;
  /**
   * @returns the path of the executable
   * @throws Unavailable when there is none
   */
  find: (context: WayContext) => Promise<string>;
}

/** A way that makes one. */
export interface Maker {
  name: string;
  needs: string;
  how: 'downloaded' | 'built';
  /**
   * Puts what is wanted into the folder `content` of `staging` (which does not exist yet). May use the rest of `staging`,
   * which is thrown away whatever happens.
   * @throws Unavailable when this way is not open here
   */
  make: (staging: string, context: WayContext) => Promise<void>;
}
