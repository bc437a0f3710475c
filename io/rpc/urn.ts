/** The parts of `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME` that a provider needs. A name may itself contain `::`. */
export function parseUrn(urn: string): { type: string; name: string } {
  const [, , types = '', ...name] = urn.split('::');
  return { type: types.slice(types.lastIndexOf('$') + 1), name: name.join('::') };
}
