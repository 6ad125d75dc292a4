import type { Problem } from '@souk/event-sourcing';
import { healthCheckRanges, isWithin, portRange } from './limits';
import { probePathPattern } from './patterns';
import { healthCheckOf } from './resolve';
import type { HealthCheck, TopologyNode } from './topology';
import { portOutOfRange } from './validate-ports';
import { quoted } from './waves';

/** What is wrong with how a process is asked whether it is well. That an init node is not asked at all is told elsewhere. */
export function healthCheckProblems(node: TopologyNode, at: string): Problem[] {
  const { category, healthCheck, readinessCheck } = node;
  if (category === 'init' || category === 'cloud') return [];
  const problems: Problem[] = [];
  if (healthCheck) {
    problems.push(...checkProblems(healthCheck, `${at}/healthCheck`));
    if (!asks(healthCheckOf(node))) problems.push(nothingToAsk(`${at}/healthCheck`));
  }
  if (readinessCheck) {
    problems.push(...checkProblems(readinessCheck, `${at}/readinessCheck`));
    if (!asks(readinessCheck) && !asks(healthCheckOf(node))) problems.push(nothingToAsk(`${at}/readinessCheck`));
  }
  return problems;
}

const ways = ['http', 'tcp', 'command'] as const;

const asks = (check: HealthCheck | undefined): boolean => ways.some((way) => check?.[way] !== undefined);

function nothingToAsk(pointer: string): Problem {
  const message = 'the node has no TCP port, so its health check says how to ask: "http", "tcp" or "command"';
  return { code: 'health-check-empty', pointer, message };
}

function checkProblems(check: HealthCheck, at: string): Problem[] {
  const problems = [...portProblems(check, at), ...numberProblems(check, at)];
  const used = ways.filter((way) => check[way] !== undefined);
  if (used.length > 1)
    problems.push({
      code: 'health-check-ambiguous',
      pointer: at,
      message: `a health check asks in one way, not in ${used.length}: ${quoted(used)}`,
    });
  if (check.command?.length === 0)
    problems.push({ code: 'health-check-empty', pointer: `${at}/command`, message: 'the command of a health check is empty' });
  if (check.http && !probePathPattern.test(check.http.path))
    problems.push({
      code: 'health-check-path-invalid',
      pointer: `${at}/http/path`,
      message: `the path ${JSON.stringify(check.http.path)} of a health check begins with a slash`,
    });
  return problems;
}

function portProblems(check: HealthCheck, at: string): Problem[] {
  return (['http', 'tcp'] as const).flatMap((way) => {
    const port = check[way]?.port;
    return port === undefined || isWithin(port, portRange) ? [] : [portOutOfRange(port, `${at}/${way}/port`)];
  });
}

function numberProblems(check: HealthCheck, at: string): Problem[] {
  return (['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'failureThreshold'] as const).flatMap((field) => {
    const value = check[field];
    const range = healthCheckRanges[field];
    if (value === undefined || isWithin(value, range)) return [];
    return [
      {
        code: field === 'failureThreshold' ? 'health-check-threshold-invalid' : 'health-check-time-invalid',
        pointer: `${at}/${field}`,
        message: `${value} ${field === 'failureThreshold' ? 'answers' : 'seconds'}: a whole number from ${range.least} to ${range.most} is allowed`,
      },
    ];
  });
}
