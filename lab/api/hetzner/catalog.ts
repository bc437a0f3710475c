/**
 * What the cloud sells, reduced to what a site-mesh site may ask for. Numbers follow the public price list of late 2026
 * loosely: they are there so that answers have the real shape, nobody is billed by them.
 */
interface Location {
  id: number;
  name: string;
  description: string;
  country: string;
  city: string;
  latitude: number;
  longitude: number;
  network_zone: string;
}

export const LOCATIONS: readonly Location[] = [
  {
    id: 1,
    name: 'fsn1',
    description: 'Falkenstein DC Park 1',
    country: 'DE',
    city: 'Falkenstein',
    latitude: 50.47612,
    longitude: 12.370071,
    network_zone: 'eu-central',
  },
  {
    id: 2,
    name: 'nbg1',
    description: 'Nuremberg DC Park 1',
    country: 'DE',
    city: 'Nuremberg',
    latitude: 49.452102,
    longitude: 11.076665,
    network_zone: 'eu-central',
  },
  {
    id: 3,
    name: 'hel1',
    description: 'Helsinki DC Park 1',
    country: 'FI',
    city: 'Helsinki',
    latitude: 60.169855,
    longitude: 24.938379,
    network_zone: 'eu-central',
  },
  {
    id: 4,
    name: 'ash',
    description: 'Ashburn, VA',
    country: 'US',
    city: 'Ashburn, VA',
    latitude: 39.045821,
    longitude: -77.487073,
    network_zone: 'us-east',
  },
  {
    id: 5,
    name: 'hil',
    description: 'Hillsboro, OR',
    country: 'US',
    city: 'Hillsboro, OR',
    latitude: 45.54222,
    longitude: -122.951924,
    network_zone: 'us-west',
  },
  {
    id: 6,
    name: 'sin',
    description: 'Singapore',
    country: 'SG',
    city: 'Singapore',
    latitude: 1.283333,
    longitude: 103.833333,
    network_zone: 'ap-southeast',
  },
];
export const NETWORK_ZONES: readonly string[] = [...new Set(LOCATIONS.map((location) => location.network_zone))];

export interface ServerType {
  id: number;
  name: string;
  cores: number;
  /** GB. */
  memory: number;
  /** GB. */
  disk: number;
  cpu_type: 'shared' | 'dedicated';
  architecture: 'x86' | 'arm';
  /** Euro, net, in Germany and Finland; elsewhere prices.ts adds to it. */
  monthly: string;
  sold: readonly string[];
  /** RFC 3339: announced and last day to order. */
  deprecation?: { announced: string; unavailable_after: string };
}

const EU = ['fsn1', 'nbg1', 'hel1'];
const OVERSEAS = ['ash', 'hil', 'sin'];

export const SERVER_TYPES: readonly ServerType[] = [
  {
    id: 1,
    name: 'cx11',
    cores: 1,
    memory: 2,
    disk: 20,
    cpu_type: 'shared',
    architecture: 'x86',
    monthly: '3.2900',
    sold: EU,
    deprecation: { announced: '2024-06-06T00:00:00Z', unavailable_after: '2024-09-06T00:00:00Z' },
  },
  {
    id: 22,
    name: 'cpx11',
    cores: 2,
    memory: 2,
    disk: 40,
    cpu_type: 'shared',
    architecture: 'x86',
    monthly: '4.4900',
    sold: OVERSEAS,
  },
  {
    id: 23,
    name: 'cpx21',
    cores: 3,
    memory: 4,
    disk: 80,
    cpu_type: 'shared',
    architecture: 'x86',
    monthly: '8.4900',
    sold: OVERSEAS,
  },
  {
    id: 24,
    name: 'cpx31',
    cores: 4,
    memory: 8,
    disk: 160,
    cpu_type: 'shared',
    architecture: 'x86',
    monthly: '15.9900',
    sold: OVERSEAS,
  },
  {
    id: 45,
    name: 'cax11',
    cores: 2,
    memory: 4,
    disk: 40,
    cpu_type: 'shared',
    architecture: 'arm',
    monthly: '3.7900',
    sold: EU,
  },
  {
    id: 93,
    name: 'cax21',
    cores: 4,
    memory: 8,
    disk: 80,
    cpu_type: 'shared',
    architecture: 'arm',
    monthly: '6.4900',
    sold: EU,
  },
  {
    id: 96,
    name: 'ccx13',
    cores: 2,
    memory: 8,
    disk: 80,
    cpu_type: 'dedicated',
    architecture: 'x86',
    monthly: '12.4900',
    sold: [...EU, ...OVERSEAS],
  },
  {
    id: 108,
    name: 'cpx12',
    cores: 1,
    memory: 2,
    disk: 40,
    cpu_type: 'shared',
    architecture: 'x86',
    monthly: '6.4900',
    sold: [...EU, 'sin'],
  },
  {
    id: 109,
    name: 'cpx22',
    cores: 2,
    memory: 4,
    disk: 80,
    cpu_type: 'shared',
    architecture: 'x86',
    monthly: '6.4900',
    sold: [...EU, 'sin'],
  },
  {
    id: 114,
    name: 'cx23',
    cores: 2,
    memory: 4,
    disk: 40,
    cpu_type: 'shared',
    architecture: 'x86',
    monthly: '3.4900',
    sold: EU,
  },
  {
    id: 115,
    name: 'cx33',
    cores: 4,
    memory: 8,
    disk: 80,
    cpu_type: 'shared',
    architecture: 'x86',
    monthly: '5.4900',
    sold: EU,
  },
  {
    id: 116,
    name: 'cx43',
    cores: 8,
    memory: 16,
    disk: 160,
    cpu_type: 'shared',
    architecture: 'x86',
    monthly: '9.4900',
    sold: EU,
  },
];

export interface Image {
  id: number;
  name: string;
  description: string;
  os_flavor: 'debian' | 'ubuntu';
  os_version: string;
  architecture: 'x86' | 'arm';
  /** GB. */
  disk_size: number;
  created: string;
  deprecated: string | null;
}

const image = (
  id: number,
  os_flavor: Image['os_flavor'],
  os_version: string,
  architecture: Image['architecture'],
  created: string,
  deprecated: string | null = null,
): Image => {
  const flavor = os_flavor === 'debian' ? 'Debian' : 'Ubuntu';
  return {
    id,
    name: `${os_flavor}-${os_version}`,
    description: `${flavor} ${os_version}`,
    os_flavor,
    os_version,
    architecture,
    disk_size: 5,
    created,
    deprecated,
  };
};

export const IMAGES: readonly Image[] = [
  image(15512617, 'ubuntu', '20.04', 'x86', '2020-04-23T17:55:14Z', '2025-05-23T00:00:00Z'),
  image(45557056, 'debian', '11', 'x86', '2021-08-16T11:12:01Z', '2025-08-31T00:00:00Z'),
  image(67794396, 'ubuntu', '22.04', 'x86', '2022-04-21T13:32:38Z'),
  image(103908130, 'ubuntu', '22.04', 'arm', '2023-03-20T10:10:04Z'),
  image(114690387, 'debian', '12', 'x86', '2023-06-13T06:00:02Z'),
  image(114690389, 'debian', '12', 'arm', '2023-06-13T06:00:03Z'),
  image(161547269, 'ubuntu', '24.04', 'x86', '2024-04-25T13:26:27Z'),
  image(161547270, 'ubuntu', '24.04', 'arm', '2024-04-25T13:26:51Z'),
  image(310557660, 'debian', '13', 'x86', '2025-08-12T07:00:00Z'),
  image(310557662, 'debian', '13', 'arm', '2025-08-12T07:00:02Z'),
];
