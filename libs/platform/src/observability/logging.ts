import { activeTrace } from '@souk/tracing';
import type { Params } from 'nestjs-pino';

/** Where credentials travel; they are struck out before a line is written. */
const secretPaths = [
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["x-ca-signature"]',
  'req.headers["webhook-signature"]',
  '*.accessToken',
  '*.appSecret',
  '*.secret',
  '*.kubeconfig',
  '*.password',
];

/** pino: JSON lines on standard output; requests are logged when they fail. */
export function loggingOptions(level: string): Params {
  return {
    // No logger for each request: nothing is logged of a request that goes well, and errors name it by its id.
    forRoutes: [],
    pinoHttp: {
      level,
      // A line that was written in a trace can be found from there.
      mixin: () => activeTrace() ?? {},
      redact: { paths: secretPaths, censor: '(redacted)' },
    },
  };
}
