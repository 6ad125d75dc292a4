import { below, type Report } from './finding';
import { labelsFor } from './service-names';
import { eachMember, type Handler, isMapping, type Mapping, isTrue, isExtension, type Value, wrongShape } from './value';

/** What stands beside the services of a document. */
export interface TopLevel {
  readonly services: Mapping;
  /** Names of the document's volumes, and what they are called on the cluster's storage. */
  readonly identifiers: ReadonlyMap<string, string>;
  /** Names of the document's secrets, and whether they are kept outside of it. */
  readonly secretsDeclared: ReadonlyMap<string, boolean>;
}

export function readTopLevel(document: Mapping, report: Report): TopLevel {
  let services: Mapping = new Map();
  let identifiers: ReadonlyMap<string, string> = new Map();
  const secretsDeclared = new Map<string, boolean>();
  const ignored =
    (code: string, message: string, hint?: string): Handler =>
    (_, at) =>
      report.noEquivalent(at, code, message, hint);
  eachMember(document, '', report, {
    services: (value, at) => {
      if (isMapping(value)) services = new Map([...value].filter(([name]) => !isExtension(name)));
      else wrongShape(value, at, 'a mapping of services', report);
    },
    version: (_, at) => report.mapped(at, 'version', 'there is one version of the format, which needs not be named'),
    name: ignored('project-name', 'a configuration has a name of its own'),
    networks: (value, at) => {
      report.approximated(at, 'networks', 'all nodes of an instance are in one network, which nobody else reaches');
      if (value !== null && !isMapping(value)) wrongShape(value, at, 'a mapping of networks', report);
    },
    volumes: (value, at) => (identifiers = readVolumes(value, at, report)),
    secrets: (value, at) => readSecrets(value, at, secretsDeclared, report),
    configs: ignored(
      'config-file',
      'files are not written into containers',
      'put the file into an image of your own, or give its content as a variable',
    ),
    models: ignored('models', 'models are no part of a topology'),
    include: (_, at) =>
      report.problem(
        at,
        'include',
        'what is included from other files is missing',
        '"docker compose config" prints a document with everything in place',
      ),
  });
  return { services, identifiers, secretsDeclared };
}

function readVolumes(value: Value, at: string, report: Report): ReadonlyMap<string, string> {
  if (!isMapping(value)) {
    if (value !== null) wrongShape(value, at, 'a mapping of volumes', report);
    else report.mapped(at, 'storage', 'no volumes');
    return new Map();
  }
  const names = [...value.keys()].filter((name) => !isExtension(name));
  const identifiers = labelsFor(names);
  for (const name of names) {
    const volumeAt = below(at, name);
    report.mapped(volumeAt, 'storage', `storage "${identifiers.get(name)!}" of each instance, on the storage of the cluster`);
    const settings = value.get(name) ?? null;
    if (settings === null) continue;
    const ignored =
      (message: string): Handler =>
      (_, memberAt) =>
        report.noEquivalent(memberAt, 'volume-detail', message);
    eachMember(settings, volumeAt, report, {
      driver: ignored('all storage is that of the cluster'),
      driver_opts: ignored('all storage is that of the cluster'),
      labels: ignored('labels are for other tools'),
      name: ignored('storage belongs to one instance, and needs no name beyond it'),
      external: (_, memberAt) =>
        report.approximated(
          memberAt,
          'volume-external',
          'storage begins empty in each instance; what another one holds is not taken over',
        ),
    });
  }
  return identifiers;
}

function readSecrets(value: Value, at: string, declared: Map<string, boolean>, report: Report): void {
  if (!isMapping(value)) {
    wrongShape(value, at, 'a mapping of secrets', report);
    return;
  }
  for (const [name, settings] of value) {
    if (isExtension(name)) continue;
    const secretAt = below(at, name);
    let external = false;
    if (settings !== null) {
      const ignored: Handler = (_, memberAt) =>
        report.noEquivalent(memberAt, 'secret-detail', 'a secret has a name and a value, and nothing else');
      const elsewhere: Handler = (_, memberAt) =>
        report.approximated(
          memberAt,
          'secret-value',
          'the value of a secret is never part of a topology: each instance has its own',
        );
      eachMember(settings, secretAt, report, {
        file: elsewhere,
        environment: elsewhere,
        content: elsewhere,
        external: (member, memberAt) => {
          external = isTrue(member) || isMapping(member);
          report.mapped(memberAt, 'secret-external', 'supplied by the buyer of an instance');
        },
        name: ignored,
        labels: ignored,
        driver: ignored,
        driver_opts: ignored,
        template_driver: ignored,
      });
    }
    declared.set(name, external);
    report.mapped(secretAt, 'secret', 'a secret of each instance, where a service uses it');
  }
}
