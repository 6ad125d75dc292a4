import type { HealthCheck } from '@souk/topology';
import type { Report } from './finding';
import type { ServiceDraft } from './service-draft';
import { escapeExpansion } from './shell-words';
import { parseDuration } from './units';
import { eachMember, type Handler, isList, isMapping, isTrue, textOf, type Value, withText } from './value';

type Drafted = { -readonly [Field in keyof HealthCheck]: HealthCheck[Field] };

/** `healthcheck` of a service. */
export function readHealthCheck(value: Value, at: string, draft: ServiceDraft, report: Report): void {
  const check: Drafted = {};
  const said = { isOff: false };
  const seconds =
    (field: 'periodSeconds' | 'timeoutSeconds' | 'initialDelaySeconds', least: number): Handler =>
    (member, memberAt) =>
      readSeconds(member, memberAt, least, report, (amount) => (check[field] = amount));
  eachMember(value, at, report, {
    test: (member, memberAt) => {
      const command = commandOf(member);
      said.isOff ||= command === 'none';
      if (typeof command !== 'string') check.command = command;
      if (command === 'invalid')
        report.problem(memberAt, 'health-check-invalid', 'a test is a text or a list that begins with CMD, CMD-SHELL or NONE');
    },
    disable: (member) => (said.isOff ||= isTrue(member)),
    interval: seconds('periodSeconds', 1),
    timeout: seconds('timeoutSeconds', 1),
    start_period: (member, memberAt) => {
      seconds('initialDelaySeconds', 0)(member, memberAt);
      report.approximated(
        memberAt,
        'health-check-start',
        'the check is asked for the first time after that while, not during it',
      );
    },
    start_interval: (_, memberAt) =>
      report.noEquivalent(memberAt, 'health-check-start', 'a check is asked as often during the start as later'),
    retries: (member, memberAt) =>
      withText(member, memberAt, report, (text) => {
        const retries = Number(text);
        if (Number.isInteger(retries) && retries >= 1 && retries <= 1000) check.failureThreshold = retries;
        else report.problem(memberAt, 'health-check-invalid', `${JSON.stringify(text)} is no number of tries`);
      }),
  });
  // That is told; nothing is known of a check.
  if (!isMapping(value)) return;
  if (said.isOff) {
    report.approximated(
      at,
      'health-check-off',
      'a check cannot be turned off: a node with ports is ready once it can be connected to',
    );
    return;
  }
  draft.healthCheck = check;
  if (check.command) report.mapped(at, 'health-check', 'asked for being ready, and restarted when it fails');
  else
    report.approximated(
      at,
      'health-check-of-image',
      'a check without a test is that of the image, which is not asked; the first port is connected to, where there is one',
    );
}

function commandOf(test: Value): readonly string[] | 'none' | 'invalid' {
  const text = textOf(test);
  if (text !== undefined) return shell(text);
  if (!isList(test)) return 'invalid';
  const [kind, ...words] = test.map(textOf);
  if (kind === 'NONE') return 'none';
  if (words.length === 0 || words.some((word) => word === undefined)) return 'invalid';
  if (kind === 'CMD-SHELL') return shell(words.join(' '));
  return kind === 'CMD' ? words.map((word) => escapeExpansion(word!)) : 'invalid';
}

function shell(script: string): readonly string[] {
  return ['/bin/sh', '-c', escapeExpansion(script)];
}

const MAX_SECONDS = 3600;

function readSeconds(value: Value, at: string, least: number, report: Report, use: (seconds: number) => void): void {
  withText(value, at, report, (text) => {
    const seconds = parseDuration(text);
    if (seconds === undefined) {
      report.problem(at, 'duration-invalid', `${JSON.stringify(text)} is no duration`, 'write "1m30s" or "500ms"');
      return;
    }
    const whole = Math.min(Math.max(Math.ceil(seconds), least), MAX_SECONDS);
    if (whole !== seconds)
      report.approximated(at, 'duration-rounded', `${text} becomes ${whole} s: whole seconds, ${MAX_SECONDS} at most`);
    use(whole);
  });
}
