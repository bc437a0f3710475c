import { PolicyPack } from '@pulumi/policy';
import * as pulumi from '@pulumi/pulumi';

new PolicyPack('toy-guard', {
  policies: [
    {
      name: 'no-allow-all',
      description: 'No file may allow all.',
      enforcementLevel: 'mandatory',
      validateResource: (args, reportViolation) => {
        if (JSON.stringify(args.props).includes('allow-all'))
          reportViolation(`allow-all in stack ${pulumi.getStack()}`);
      },
    },
  ],
});
