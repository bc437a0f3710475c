import { LOCATIONS, type Image, type ServerType } from './catalog.ts';
import { serverTypePrices } from './prices.ts';

export function serverTypeView(type: ServerType): object {
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
    prices: serverTypePrices(type),
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
