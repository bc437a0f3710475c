import { z } from 'zod';
import { LIMITS, type Account } from './account.ts';
import { imageKey, IMAGES, REGIONS, SIZES, type Image, type Size } from './catalog.ts';
import { unprocessable } from './errors.ts';
import type { ActionRecord, DropletRecord, SshKeyRecord, VpcRecord } from './records.ts';
import { TAG_NAME, ensureTag } from './tag-routes.ts';
import { takeLanAddress } from './vpc-routes.ts';

export const DROPLET_NAME = z
  .string()
  .max(255)
  .regex(
    /^[a-zA-Z0-9]?[a-z0-9A-Z.-]*[a-z0-9A-Z]$/,
    'Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)',
  );

const FLAG = z.boolean().nullish();
export const CREATE = z.object({
  name: DROPLET_NAME,
  region: z.string().nullish(),
  size: z.string(),
  image: z.union([z.string(), z.number()]),
  ssh_keys: z.array(z.union([z.string(), z.number()])).nullish(),
  backups: FLAG,
  ipv6: FLAG,
  monitoring: FLAG,
  private_networking: FLAG,
  public_networking: FLAG,
  user_data: z.string().nullish(),
  tags: z.array(TAG_NAME).nullish(),
  vpc_uuid: z.string().nullish(),
  volumes: z.array(z.unknown()).nullish(),
  gpu_partition_mode: z.string().nullish(),
});
type Create = z.infer<typeof CREATE>;

function chooseSize(input: Create): Size {
  const size = SIZES.find((candidate) => candidate.slug === input.size);
  if (!size?.available) throw unprocessable('You specified an invalid size for Droplet creation.');
  return size;
}

function chooseImage({ images }: Account, input: Create, size: Size): Image {
  const image = IMAGES.find((candidate) => candidate.slug === input.image || candidate.id === Number(input.image));
  if (image === undefined || image.retired === true)
    throw unprocessable('You specified an invalid image for Droplet creation.');
  if (images?.includes(imageKey(image)) === false)
    throw unprocessable(
      `Image ${image.slug} is sold by this cloud, but the machines of this lab can have ${images.map((key) => `${key}-x64`).join(', ')} only.`,
    );
  if (image.min_disk_size > size.disk) throw unprocessable('This image requires a size with a larger disk.');
  return image;
}

/** Without a region the droplet goes where its VPC is, else anywhere. */
function chooseRegion(account: Account, input: Create, size: Size): string {
  const asked = [input.region, account.vpcs.get(input.vpc_uuid ?? '')?.region, size.regions[0]];
  // Clients send an empty text for a region that they leave out.
  const slug = asked.find((region) => typeof region === 'string' && region !== '') ?? '';
  if (!REGIONS.some((region) => region.slug === slug && region.available))
    throw unprocessable('You specified an invalid region for Droplet creation.');
  if (!size.regions.includes(slug)) throw unprocessable('Size is not available in this region.');
  return slug;
}

function chooseVpc(account: Account, input: Create, region: string): VpcRecord {
  if (input.vpc_uuid === null || input.vpc_uuid === undefined || input.vpc_uuid === '') {
    const standard = account.vpcs.all().find((vpc) => vpc.default && vpc.region === region);
    if (standard === undefined) throw unprocessable(`there is no default VPC in ${region}`);
    return standard;
  }
  const vpc = account.vpcs.get(input.vpc_uuid);
  if (vpc === undefined) throw unprocessable('You specified an invalid VPC for Droplet creation.');
  if (vpc.region !== region) throw unprocessable('Droplet and VPC must be in the same region.');
  return vpc;
}

function chooseKeys(account: Account, input: Create): SshKeyRecord[] {
  const keys = account.sshKeys.all();
  const find = (reference: string | number) =>
    keys.find((key) => key.id === Number(reference) || key.fingerprint === reference);
  const references = input.ssh_keys ?? [];
  const unknown = references.filter((reference) => find(reference) === undefined);
  if (unknown.length > 0)
    throw unprocessable(`${unknown.join(', ')} are invalid key identifiers for Droplet creation.`);
  return references.flatMap((reference) => find(reference) ?? []);
}

/**
 * POST /droplets. The record exists at once, `new` and locked while the create event runs, then `active`. One whose
 * create event ends in error stays, off.
 */
export function createDroplet(account: Account, input: Create): { droplet: DropletRecord; action: ActionRecord } {
  const size = chooseSize(input);
  const region = chooseRegion(account, input, size);
  const image = chooseImage(account, input, size);
  const vpc = chooseVpc(account, input, region);
  const keys = chooseKeys(account, input);
  if (Buffer.byteLength(input.user_data ?? '') > LIMITS.userDataBytes)
    throw unprocessable('user_data may not exceed 64 KiB in size.');
  if ((input.volumes ?? []).length > 0) throw unprocessable('You specified an invalid volume for Droplet creation.');
  if (typeof input.gpu_partition_mode === 'string' && input.gpu_partition_mode !== '')
    throw unprocessable('gpu_partition_mode is not supported by this size.');
  const withPublic = input.public_networking ?? true;
  if (!withPublic && input.ipv6 === true) throw unprocessable('ipv6 must be false without public networking.');
  if (account.droplets.all().length >= LIMITS.droplets)
    throw unprocessable('creating this/these droplet(s) will exceed your droplet limit');

  const id = account.nextId();
  const action = account.start('create', { type: 'droplet', id }, region, input.name);
  const droplet: DropletRecord = {
    id,
    name: input.name,
    created: account.now,
    region,
    size: size.slug,
    image: image.id,
    disk: size.disk,
    vpc: vpc.id,
    lan: takeLanAddress(account, vpc),
    publicAddress: withPublic ? account.allocateAddress('droplet') : '',
    ipv6: input.ipv6 === true ? account.allocateIpv6() : null,
    tags: [...new Set((input.tags ?? []).map((name) => ensureTag(account, name).name))],
    backups: input.backups ?? false,
    monitoring: input.monitoring ?? false,
    project: account.defaultProject.id,
    power: { before: 'new', after: action.errored ? 'off' : 'active', at: action.finishes },
    busyUntil: action.finishes,
    goneAt: null,
  };
  account.droplets.put(String(id), droplet);
  account.boots.put(String(id), {
    userData: input.user_data ?? '',
    authorizedKeys: keys.map((key) => key.publicKey),
  });
  return { droplet, action };
}
