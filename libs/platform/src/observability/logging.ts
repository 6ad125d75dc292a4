import { activeTrace } from '@souk/tracing';
import type { Params } from 'nestjs-pino';
import type { LoggerOptions } from 'pino';

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

/** Of every pino of a process: JSON lines on standard output, without what is secret. */
export function lineOptions(level: string): LoggerOptions {
  return {
    level,
    // A line that was written in a trace can be found from there.
    mixin: () => activeTrace() ?? {},
    redact: { paths: secretPaths, censor: '(redacted)' },
  };
}

/** Requests are logged when they fail. */
export function loggingOptions(level: string): Params {
  return {
    // No logger for each request: nothing is logged of a request that goes well, and errors name it by its id.
    forRoutes: [],
    pinoHttp: lineOptions(level),
  };
}
