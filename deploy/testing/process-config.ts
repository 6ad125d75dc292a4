import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceConfig } from '@souk/process';
import { authorizationConfig } from '../../services/authorization/src/config';
import { deploymentConfig } from '../../services/deployment/src/config';
import { edgeConfig } from '../../services/edge/src/config';
import { releaseConfig } from '../../services/release/src/config';
import { services } from '../../services/edge/src/routes';

type Environment = Readonly<Record<string, string>>;

const root = join(__dirname, '../..');
const sources = [
  'libs/platform/src/process-environment.ts',
  'libs/process/src/config.ts',
  'services/deployment/src/deployment-variables.ts',
  ...['authorization', 'deployment', 'edge', 'release'].map((name) => `services/${name}/src/config.ts`),
];

/** Every variable that some process reads. */
const known = new Set(
  sources.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/^ {2,4}([A-Z][A-Z_]+):/gm)].map(([, name]) => name),
  ),
);

/** @throws InvalidConfig where the process would not start; Error for a variable that no process reads */
export function checkEnvironment(process: string, environment: Environment): void {
  const unknown = Object.keys(environment).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`no process reads ${unknown.join(', ')}`);
  if (process === 'edge') edgeConfig(environment);
  else if (process === 'authorization') authorizationConfig(environment);
  else if (process === 'deployment') deploymentConfig(environment);
  else if (process === 'release') releaseConfig(environment);
  else
    serviceConfig(
      environment,
      services.filter((name) => name !== process),
    );
}
