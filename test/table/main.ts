// npm run table: what the lab's stand-ins do with each property of each type, as Markdown, asked of the stand-ins themselves.
import { askPackage } from './ask.ts';
import { markdown } from './markdown.ts';
import { PACKAGES } from './packages.ts';

for (const one of PACKAGES) console.log(markdown(one, await askPackage(one)));
