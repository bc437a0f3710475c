/** What stands under a key of something that was parsed; undefined where there is none, or where nothing can have keys. */
export const member = (value: unknown, key: string): unknown =>
  Object.getOwnPropertyDescriptor(Object(value) as object, key)?.value;

/** Whether it is a list with this entry. */
export const lists = (value: unknown, entry: string): boolean => Array.isArray(value) && value.includes(entry);
