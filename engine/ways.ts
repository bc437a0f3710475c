/** What a way is given. */
export interface WayContext {
  env: NodeJS.ProcessEnv;
  /** Says what is being done; called as often as a way likes. */
  report: (message: string) => void;
  /** Aborted by Ctrl-C or by the caller; every child process must end with it. */
  signal: AbortSignal;
}

/** A way that finds an engine which is there already. */
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
   * Puts `pulumi`, and what belongs beside it, into `staging`/bin (which does not exist yet). May use the rest of
   * `staging`, which is thrown away whatever happens.
   * @throws Unavailable when this way is not open here
   */
  make: (staging: string, context: WayContext) => Promise<void>;
}
