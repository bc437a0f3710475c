import resources from '@pulumi/pulumi/proto/resource_pb.js';

/**
 * Keeps secrets out of verbose logs. At `-v=3` the Node SDK writes down the engine's answer to every registration, secret
 * outputs in clear (measured with 3.259.0): it logs the message's own text form, which is what is replaced here.
 * Call it before the first resource.
 */
export function quietSdk(): void {
  const hidden = (): string => '(answer of the engine, not shown: it may hold secrets)';
  for (const message of [resources.RegisterResourceResponse, resources.ReadResourceResponse]) {
    Object.defineProperty(message.prototype, 'toString', { value: hidden });
  }
}

/**
 * Stack traces as Node writes them. The Node SDK has each one mapped back to sources by `source-map-support`, and takes one per promise
 * and per resource (measured with 3.259.0: a quarter of the program's time). This program has nothing to map: Node strips its
 * types in place, so that lines and columns are those of the source.
 */
export function plainStackTraces(): void {
  Reflect.deleteProperty(Error, 'prepareStackTrace');
}
