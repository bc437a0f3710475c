import { invalidInput } from './errors.ts';
import type { Labels } from './records.ts';

const KEY =
  /^([a-z0-9A-Z]((?:[\-_.]|[a-z0-9A-Z]){0,253}[a-z0-9A-Z])?\/)?[a-z0-9A-Z]((?:[\-_.]|[a-z0-9A-Z]){0,61}[a-z0-9A-Z])?$/;
const VALUE = /^(([a-z0-9A-Z](?:[\-_.]|[a-z0-9A-Z]){0,61})?[a-z0-9A-Z])?$/;

/** Refuses labels that the service refuses. */
export function checkLabels(labels: Labels): Labels {
  for (const [key, value] of Object.entries(labels)) {
    if (!KEY.test(key)) throw invalidInput('labels', `label key '${key}' is invalid`);
    if (!VALUE.test(value)) throw invalidInput('labels', `label value of '${key}' is invalid`);
  }
  return labels;
}

type Test = (labels: Labels) => boolean;

function parseTerm(term: string): Test | undefined {
  const list = /^([^\s!=]+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (list !== null) {
    const [, key = '', operator, values = ''] = list;
    const wanted = values.split(',').map((value) => value.trim());
    return (labels) => {
      const value = labels[key];
      return (value !== undefined && wanted.includes(value)) === (operator === 'in');
    };
  }
  const compare = /^([^\s!=]+)\s*(==|=|!=)\s*([^\s!=]*)$/.exec(term);
  if (compare !== null) {
    const [, key = '', operator, value = ''] = compare;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  const absent = /^!\s*([^\s!=]+)$/.exec(term)?.[1];
  if (absent !== undefined) return (labels) => labels[absent] === undefined;
  const present = /^[^\s!=()]+$/.exec(term)?.[0];
  if (present !== undefined) return (labels) => labels[present] !== undefined;
  return undefined;
}

/** A label selector (`env=prod,role in (router, db),!old`) as a test. */
export function parseSelector(selector: string, field = 'label_selector'): Test {
  const terms = selector.split(/,(?![^(]*\))/).map((term) => term.trim());
  const tests = terms.map((term) => {
    const test = parseTerm(term);
    if (test === undefined) throw invalidInput(field, `'${selector}' is not a label selector`);
    return test;
  });
  return (labels) => tests.every((test) => test(labels));
}
