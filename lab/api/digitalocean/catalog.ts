/**
 * What the cloud sells, reduced to what a site may ask for. Numbers follow the public price list of late 2026 loosely:
 * they are there so that answers have the real shape, nobody is billed by them.
 */
interface Region {
  slug: string;
  name: string;
  available: boolean;
  /** Range of the region's default VPC, which every account in use has. */
  defaultRange: string;
}

const region = (slug: string, name: string, defaultRange: string, available = true): Region => ({
  slug,
  name,
  available,
  defaultRange,
});

export const REGIONS: readonly Region[] = [
  region('ams2', 'Amsterdam 2', '10.132.0.0/20', false),
  region('ams3', 'Amsterdam 3', '10.110.0.0/20'),
  region('atl1', 'Atlanta 1', '10.128.0.0/20'),
  region('blr1', 'Bangalore 1', '10.122.0.0/20'),
  region('fra1', 'Frankfurt 1', '10.114.0.0/20'),
  region('lon1', 'London 1', '10.106.0.0/20'),
  region('nyc1', 'New York 1', '10.116.0.0/20'),
  region('nyc2', 'New York 2', '10.112.0.0/20', false),
  region('nyc3', 'New York 3', '10.108.0.0/20'),
  region('sfo2', 'San Francisco 2', '10.120.0.0/20'),
  region('sfo3', 'San Francisco 3', '10.124.0.0/20'),
  region('sgp1', 'Singapore 1', '10.104.0.0/20'),
  region('syd1', 'Sydney 1', '10.126.0.0/20'),
  region('tor1', 'Toronto 1', '10.118.0.0/20'),
];

const EVERYWHERE = REGIONS.filter((one) => one.available).map((one) => one.slug);

export interface Size {
  slug: string;
  description: 'Basic' | 'CPU-Optimized' | 'General Purpose';
  /** MB. */
  memory: number;
  vcpus: number;
  /** GB. */
  disk: number;
  /** TB. */
  transfer: number;
  /** US dollars. */
  price_monthly: number;
  price_hourly: number;
  regions: readonly string[];
  available: boolean;
}

const size = (
  slug: string,
  description: Size['description'],
  [vcpus, memory, disk, transfer]: readonly [number, number, number, number],
  price_monthly: number,
  regions: readonly string[] = EVERYWHERE,
): Size => ({
  slug,
  description,
  memory,
  vcpus,
  disk,
  transfer,
  price_monthly,
  // 672 hours, rounded as the service rounds.
  price_hourly: Number((price_monthly / 672).toFixed(5)),
  regions,
  available: true,
});

export const SIZES: readonly Size[] = [
  size('s-1vcpu-512mb-10gb', 'Basic', [1, 512, 10, 0.5], 4, ['ams3', 'fra1', 'nyc1', 'sfo3', 'sgp1', 'syd1']),
  size('s-1vcpu-1gb', 'Basic', [1, 1024, 25, 1], 6),
  size('s-1vcpu-2gb', 'Basic', [1, 2048, 50, 2], 12),
  size('s-2vcpu-2gb', 'Basic', [2, 2048, 60, 3], 18),
  size('s-2vcpu-4gb', 'Basic', [2, 4096, 80, 4], 24),
  size('s-4vcpu-8gb', 'Basic', [4, 8192, 160, 5], 48),
  size('s-8vcpu-16gb', 'Basic', [8, 16384, 320, 6], 96),
  size('c-2', 'CPU-Optimized', [2, 4096, 25, 4], 42),
  size('g-2vcpu-8gb', 'General Purpose', [2, 8192, 25, 4], 63),
];

export interface Image {
  id: number;
  slug: string;
  name: string;
  distribution: 'Debian' | 'Ubuntu';
  created_at: string;
  /** GB that a droplet's disk must have. */
  min_disk_size: number;
  /** A retired image is still readable on droplets that run it, and no longer sold. */
  retired?: true;
}

export const IMAGES: readonly Image[] = [
  {
    id: 112929408,
    slug: 'debian-11-x64',
    name: '11 x64',
    distribution: 'Debian',
    created_at: '2022-07-18T16:22:10Z',
    min_disk_size: 7,
    retired: true,
  },
  {
    id: 129211873,
    slug: 'ubuntu-22-04-x64',
    name: '22.04 (LTS) x64',
    distribution: 'Ubuntu',
    created_at: '2023-03-21T16:14:29Z',
    min_disk_size: 7,
  },
  {
    id: 140769571,
    slug: 'debian-12-x64',
    name: '12 x64',
    distribution: 'Debian',
    created_at: '2023-09-18T16:01:33Z',
    min_disk_size: 7,
  },
  {
    id: 155133621,
    slug: 'ubuntu-24-04-x64',
    name: '24.04 (LTS) x64',
    distribution: 'Ubuntu',
    created_at: '2024-05-09T15:59:02Z',
    min_disk_size: 7,
  },
  {
    id: 197334510,
    slug: 'debian-13-x64',
    name: '13 x64',
    distribution: 'Debian',
    created_at: '2025-08-26T14:20:41Z',
    min_disk_size: 7,
  },
];

/** What machines call an image: `debian-12`. */
export const imageKey = ({ slug }: Image): string => slug.replace(/-x64$/, '');

/** Ranges inside private space that the service keeps for itself (release notes of VPC, 2025-03-07). */
export const RESERVED_RANGES: readonly { range: string; region?: string }[] = [
  { range: '10.244.0.0/16' },
  { range: '10.245.0.0/16' },
  { range: '10.246.0.0/24' },
  { range: '10.229.0.0/16' },
  { range: '10.10.0.0/16', region: 'nyc1' },
];
