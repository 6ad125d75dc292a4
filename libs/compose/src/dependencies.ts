import { below, type Report } from './finding';
import type { ServiceDraft } from './service-draft';
import { eachEntry, eachMember, isMapping, isTrue, textOf, type Value, withText } from './value';

/** `depends_on` of a service. `services`: those of the document that are deployed; `dormant`: those that are not, by their profiles. */
export function readDependencies(
  value: Value,
  at: string,
  draft: ServiceDraft,
  services: ReadonlySet<string>,
  dormant: ReadonlySet<string>,
  report: Report,
): void {
  if (!isMapping(value)) {
    eachEntry(value, at, report, (entry, entryAt) =>
      withText(entry, entryAt, report, (name) => {
        if (dependOn(name, entryAt, draft, services, dormant, false, report)) started(name, entryAt, report);
      }),
    );
    return;
  }
  if (value.size === 0) report.empty(at);
  for (const [name, how] of value) longForm(name, how, below(at, name), draft, services, dormant, report);
}

/** `links` of a service: `service[:alias]` */
export function readLinks(
  value: Value,
  at: string,
  draft: ServiceDraft,
  services: ReadonlySet<string>,
  dormant: ReadonlySet<string>,
  report: Report,
): void {
  eachEntry(value, at, report, (entry, entryAt) =>
    withText(entry, entryAt, report, (text) => {
      const [name = '', alias = name] = text.split(':');
      if (!dependOn(name, entryAt, draft, services, dormant, false, report)) return;
      if (alias === name) report.mapped(entryAt, 'link', `"${name}" is reached by its name, and deploys first`);
      else
        report.noEquivalent(
          entryAt,
          'link-alias',
          `a node has one name: "${name}" is not reached as "${alias}"`,
          `write "${name}" where "${alias}" is used`,
        );
    }),
  );
}

function longForm(
  name: string,
  how: Value,
  at: string,
  draft: ServiceDraft,
  services: ReadonlySet<string>,
  dormant: ReadonlySet<string>,
  report: Report,
): void {
  const said = { condition: 'service_started', isRequired: true, conditionAt: at };
  if (how !== null) {
    eachMember(how, at, report, {
      condition: (member, memberAt) => {
        said.condition = textOf(member) ?? '';
        said.conditionAt = memberAt;
      },
      required: (member, memberAt) => {
        said.isRequired = isTrue(member);
        if (!said.isRequired) report.approximated(memberAt, 'dependency-required', 'a node always waits for what it depends on');
      },
      restart: (_, memberAt) =>
        report.noEquivalent(memberAt, 'dependency-restart', 'a restart of one node does not restart another one'),
    });
  }
  const { condition, isRequired, conditionAt } = said;
  if (!isRequired && !services.has(name)) {
    report.approximated(at, 'dependency-left-out', `"${name}" is not there, and not required`);
    return;
  }
  if (!dependOn(name, at, draft, services, dormant, condition === 'service_completed_successfully', report)) return;
  switch (condition) {
    case 'service_healthy':
      report.mapped(at, 'dependency', `deploys once "${name}" is ready`);
      return;
    case 'service_completed_successfully':
      report.approximated(
        at,
        'dependency-completed',
        `"${name}" is an init node: it runs once in the whole life of an instance, not at each start`,
      );
      return;
    case 'service_started':
      started(name, at, report);
      return;
    default:
      report.problem(
        conditionAt,
        'dependency-condition',
        `${JSON.stringify(condition)} is no condition; taken for "service_healthy"`,
      );
  }
}

function started(name: string, at: string, report: Report): void {
  report.approximated(at, 'dependency-started', `deploys once "${name}" is ready, which is more than started`);
}

function dependOn(
  name: string,
  at: string,
  draft: ServiceDraft,
  services: ReadonlySet<string>,
  dormant: ReadonlySet<string>,
  completed: boolean,
  report: Report,
): boolean {
  if (name === draft.name) {
    report.fatal(at, 'dependency-on-itself', `"${name}" waits for itself`);
  } else if (services.has(name)) {
    draft.dependOn(name, { at, completed });
    return true;
  } else if (dormant.has(name)) {
    report.fatal(
      at,
      'dependency-inactive',
      `"${name}" belongs to profiles that are not active`,
      'name one of its profiles in COMPOSE_PROFILES of the environment',
    );
  } else {
    report.fatal(at, 'dependency-undefined', `there is no service "${name}"`);
  }
  return false;
}
