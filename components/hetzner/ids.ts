import type * as pulumi from '@pulumi/pulumi';

/**
 * Hetzner's ids are numbers, Pulumi's are text. Throws instead of sending NaN: a PrimaryIp of plugin 1.35 had the id
 * "missing ID", which arrived at the cloud as -9223372036854775808.
 */
export function numericId(id: pulumi.Output<string>): pulumi.Output<number> {
  return id.apply((text) => {
    if (!/^\d+$/.test(text))
      throw new Error(`Hetzner gave the id "${text}", which is no number; is plugin hcloud older than 1.36 installed?`);
    return Number(text);
  });
}
