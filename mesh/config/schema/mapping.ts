import { told } from '../fields.ts';

/** Error of a mapping that is missing or something else; its remedy shows what to write. */
export const mapping = (remedy: string) => ({
  error: (issue: { code?: string; input?: unknown }) => {
    if (issue.code !== 'invalid_type') return undefined;
    return told(issue.input === undefined ? 'is missing' : 'must be a mapping', remedy);
  },
});
