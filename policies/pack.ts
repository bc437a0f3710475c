// Making a pack opens a server and keeps the process alive, so this file does nothing else and tests import policies.ts.
import { PolicyPack } from '@pulumi/policy';
import { ownExceptions } from './exceptions.ts';
import { guardrails } from './policies.ts';

new PolicyPack('site-mesh', { policies: guardrails }, ownExceptions());
