// Making a pack opens a server and keeps the process alive, so this file does nothing else and tests import policies.ts.
import { PolicyPack } from '@pulumi/policy';
import { tailnetPolicyNotAllowAll } from './policies.ts';

new PolicyPack('site-mesh', { policies: [tailnetPolicyNotAllowAll] });
