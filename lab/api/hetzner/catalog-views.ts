import { LOCATIONS, type Image, type ServerType } from './catalog.ts';

function price(net: string): { net: string; gross: string } {
  return { net: `${net}000000`, gross: (Number(net) * 1.19).toFixed(10) };
}

export function serverTypeView(type: ServerType): object {
  const hourly = (Number(type.monthly) / 624).toFixed(4);
  const deprecation = type.deprecation ?? null;
  return {
    id: type.id,
    name: type.name,
    description: type.name.toUpperCase(),
    category: type.cpu_type === 'dedicated' ? 'general_purpose' : 'cost_optimized',
    cores: type.cores,
    memory: type.memory,
    disk: type.disk,
    cpu_type: type.cpu_type,
    architecture: type.architecture,
    storage_type: 'local',
    deprecated: deprecation !== null,
    deprecation,
    locations: LOCATIONS.filter((location) => type.sold.includes(location.name)).map((location) => ({
      id: location.id,
      name: location.name,
      available: true,
      recommended: deprecation === null,
      deprecation,
    })),
    prices: type.sold.map((location) => ({
      location,
      price_hourly: price(hourly),
      price_monthly: price(type.monthly),
      included_traffic: LOCATIONS.some((known) => known.name === location && known.network_zone === 'eu-central')
        ? 20 * 1024 ** 4
        : 1024 ** 4,
      price_per_tb_traffic: price('1.0000'),
    })),
  };
}

export function imageView(record: Image): object {
  return {
    ...record,
    type: 'system',
    status: 'available',
    image_size: null,
    created_from: null,
    bound_to: null,
    rapid_deploy: true,
    protection: { delete: false },
    labels: {},
    deleted: null,
  };
}
