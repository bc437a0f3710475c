// Plain JavaScript, and only this line: what starts a pack compiles a main file that ends in .ts with an old ts-node,
// type check and all, which refuses `.ts` imports. From here on Node strips the types itself, and the pack starts a second sooner.
import './pack.ts';
