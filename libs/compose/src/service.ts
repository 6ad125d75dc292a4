import { parseImage } from '@souk/topology';
import { readDependencies, readLinks } from './dependencies';
import { readEnvironment } from './environment';
import { below, type Report } from './finding';
import { readHealthCheck } from './health-check';
import { readExposed, readPorts } from './ports';
import { readCpus, readDeploy, readMemory, readReplicas } from './resources';
import type { Secrets } from './secrets';
import type { ServiceDraft } from './service-draft';
import { escapeExpansion, shellWords, UnclosedQuote } from './shell-words';
import { eachEntry, eachMember, type Handler, isList, isMapping, textOf, type Value, withText, wrongShape } from './value';
import { readDevices, readMounts } from './volumes';
import { withoutEquivalent } from './without-equivalent';

/** What services are read against. */
export interface Surroundings {
  /** Names of the services that are deployed. */
  readonly services: ReadonlySet<string>;
  /** Names of those that are not, since none of their profiles is active. */
  readonly dormant: ReadonlySet<string>;
  readonly environment: Readonly<Record<string, string>>;
  /** Names of the document's volumes, and what they are called on the cluster's storage. */
  readonly identifiers: ReadonlyMap<string, string>;
  /** Names of the document's secrets, and whether they are kept outside of it. */
  readonly secretsDeclared: ReadonlyMap<string, boolean>;
  readonly secrets: Secrets;
  readonly report: Report;
}

/** Reads a service: what it says goes into the draft, what became of it into the report. */
export function readService(value: Value, draft: ServiceDraft, surroundings: Surroundings): void {
  eachMember(value, draft.at, surroundings.report, { ...handlersOf(draft, surroundings), ...reasons(surroundings.report) });
}

/** The settings that have an equivalent, or nearly. */
function handlersOf(draft: ServiceDraft, surroundings: Surroundings): Readonly<Record<string, Handler>> {
  const { report, services, dormant } = surroundings;
  return {
    image: (value, at) => readImage(value, at, draft, report),
    build: (_, at) => {
      draft.isBuilt = true;
      report.approximated(
        at,
        'build-elsewhere',
        'images are not built here, but taken from a registry',
        'build the image and push it under the name that "image" says',
      );
    },
    command: (value, at) => readWords(value, at, report, (words) => (draft.args = words)),
    entrypoint: (value, at) => readWords(value, at, report, (words) => (draft.command = words)),
    working_dir: (value, at) =>
      withText(value, at, report, (text) => {
        draft.workingDirectory = text;
        report.mapped(at, 'working-directory', `the process starts in ${text}`);
      }),
    user: (value, at) => readUser(value, at, draft, report),
    environment: (value, at) => readEnvironment(value, at, draft, surroundings.environment, report),
    env_file: (_, at) =>
      report.noEquivalent(
        at,
        'file-missing',
        'the file is not part of the document',
        '"docker compose config" prints a document with its variables in place',
      ),
    ports: (value, at) => readPorts(value, at, draft, report),
    expose: (value, at) => readExposed(value, at, draft, report),
    volumes: (value, at) => readMounts(value, at, draft, surroundings.identifiers, report),
    devices: (value, at) => readDevices(value, at, draft, report),
    tmpfs: (_, at) =>
      report.approximated(
        at,
        'memory-mount',
        'the directory lies in the container itself, not in memory; it is empty at each start as well',
      ),
    volumes_from: (_, at) =>
      report.noEquivalent(at, 'volumes-from', 'mounts of another service are not taken over', 'list them under "volumes"'),
    secrets: (value, at) => readSecrets(value, at, draft, surroundings),
    configs: (_, at) =>
      report.noEquivalent(
        at,
        'config-file',
        'files are not written into containers',
        'put the file into an image of your own, or give its content as a variable',
      ),
    depends_on: (value, at) => readDependencies(value, at, draft, services, dormant, report),
    links: (value, at) => readLinks(value, at, draft, services, dormant, report),
    healthcheck: (value, at) => readHealthCheck(value, at, draft, report),
    deploy: (value, at) => readDeploy(value, at, draft, report),
    scale: (value, at) => readReplicas(value, at, draft, report),
    cpus: (value, at) => readCpus(value, at, draft, 'limit', report),
    mem_limit: (value, at) => readMemory(value, at, draft, 'limit', report),
    mem_reservation: (value, at) => readMemory(value, at, draft, 'request', report),
    restart: (value, at) => readRestart(value, at, report),
    network_mode: (value, at) => readNetworkMode(value, at, draft, report),
    networks: (value, at) => readNetworks(value, at, draft, report),
    container_name: (value, at) =>
      withText(value, at, report, (name) => {
        draft.aliases.add(name);
        report.approximated(at, 'container-name', `the node is called "${draft.serviceName}", by which the others reach it`);
      }),
    logging: (_, at) => report.approximated(at, 'logging', 'what a node prints is kept by the cluster, and shown per node'),
    profiles: (_, at) =>
      report.approximated(at, 'profile-active', 'its profile is active, so the node belongs to every instance'),
    extends: (_, at) =>
      report.problem(
        at,
        'extends',
        'what the service takes over from another one is missing',
        '"docker compose config" prints a document with everything in place',
      ),
  };
}

function reasons(report: Report): Readonly<Record<string, Handler>> {
  return Object.fromEntries(
    Object.entries(withoutEquivalent).map(([key, reason]) => [
      key,
      (_: Value, at: string) => report.noEquivalent(at, key.replaceAll('_', '-'), reason),
    ]),
  );
}

function readImage(value: Value, at: string, draft: ServiceDraft, report: Report): void {
  withText(value, at, report, (image) => {
    draft.image = image;
    if (!parseImage(image)) report.problem(at, 'image-invalid', `${JSON.stringify(image)} is no image reference`);
    else report.mapped(at, 'image', `the image ${image}`);
  });
}

function readWords(value: Value, at: string, report: Report, use: (words: readonly string[]) => void): void {
  if (value === null) {
    report.mapped(at, 'command', 'that of the image');
    return;
  }
  try {
    const text = textOf(value);
    const words = text === undefined && isList(value) ? value.map(textOf) : shellWords(text ?? '');
    if (isMapping(value) || words.includes(undefined)) {
      wrongShape(value, at, 'a command, as a text or a list of texts', report);
    } else if (words.length === 0) {
      report.noEquivalent(at, 'command-empty', 'the command of an image can be replaced, but not taken away');
    } else {
      use(words.map((word) => escapeExpansion(word!)));
      report.mapped(at, 'command', `as a list of words: ${words.length}`);
    }
  } catch (error) {
    if (!(error instanceof UnclosedQuote)) throw error;
    report.problem(at, 'command-invalid', 'a quote is not closed');
  }
}

function readUser(value: Value, at: string, draft: ServiceDraft, report: Report): void {
  withText(value, at, report, (text) => {
    const [user = '', group] = text.split(':');
    if (!/^\d{1,9}$/.test(user)) {
      report.noEquivalent(
        at,
        'user-name',
        `a user is named by its number, not as ${JSON.stringify(user)}`,
        'the number stands in /etc/passwd of the image',
      );
      return;
    }
    draft.userId = Number(user);
    if (group === undefined) report.mapped(at, 'user', `runs as user ${user}`);
    else report.approximated(at, 'user-group', `runs as user ${user}, in the groups of its image`);
  });
}

function readRestart(value: Value, at: string, report: Report): void {
  const policy = value === false ? 'no' : (textOf(value) ?? '');
  if (policy === 'always' || policy === 'unless-stopped') report.mapped(at, 'restart', 'a node that ends is started again');
  else
    report.approximated(
      at,
      'restart-always',
      `a node that ends is always started again, not ${JSON.stringify(policy)}`,
      'what is to run once is waited for by "service_completed_successfully"',
    );
}

function readNetworkMode(value: Value, at: string, draft: ServiceDraft, report: Report): void {
  withText(value, at, report, (mode) => {
    if (mode === 'host') {
      draft.hostNetwork = true;
      report.approximated(
        at,
        'host-network-needs-grant',
        'the node is in the network of its host; it deploys only where the owner of the cluster has granted that',
      );
    } else if (mode === 'bridge') {
      report.mapped(at, 'network', 'all nodes of an instance are in one network');
    } else {
      report.noEquivalent(
        at,
        'network-mode',
        `a node is in the network of its instance or of its host, not in ${JSON.stringify(mode)}`,
      );
    }
  });
}

function readNetworks(value: Value, at: string, draft: ServiceDraft, report: Report): void {
  const names = isMapping(value) ? [...value.keys()] : isList(value) ? value : [];
  report.approximated(
    at,
    'networks',
    `all nodes of an instance are in one network, whatever networks there are${names.length > 1 ? ': what kept them apart is lost' : ''}`,
  );
  if (!isMapping(value)) return;
  for (const [name, settings] of value) {
    if (settings === null) continue;
    eachMember(settings, below(at, name), report, {
      aliases: (aliases, aliasesAt) => {
        eachEntry(aliases, aliasesAt, report, (alias) => draft.aliases.add(textOf(alias) ?? ''));
        report.noEquivalent(aliasesAt, 'network-alias', `a node has one name, which is "${draft.serviceName}"`);
      },
      ...Object.fromEntries(
        [
          'ipv4_address',
          'ipv6_address',
          'link_local_ips',
          'mac_address',
          'driver_opts',
          'gw_priority',
          'interface_name',
          'priority',
        ].map((key) => [
          key,
          (_: Value, memberAt: string) =>
            report.noEquivalent(memberAt, 'network-address', 'addresses and interfaces are for the cluster to give'),
        ]),
      ),
    });
  }
}

function readSecrets(value: Value, at: string, draft: ServiceDraft, { secretsDeclared, secrets, report }: Surroundings): void {
  eachEntry(value, at, report, (entry, entryAt) => {
    let source = textOf(entry) ?? '';
    let target = '';
    if (isMapping(entry)) {
      const ignored: Handler = (_, memberAt) =>
        report.noEquivalent(memberAt, 'secret-file', 'there is no file whose owner and mode could be set');
      eachMember(entry, entryAt, report, {
        source: (member, memberAt) => withText(member, memberAt, report, (text) => (source = text)),
        target: (member, memberAt) => withText(member, memberAt, report, (text) => (target = text)),
        uid: ignored,
        gid: ignored,
        mode: ignored,
      });
    }
    const external = secretsDeclared.get(source);
    if (external === undefined) {
      report.problem(
        entryAt,
        'secret-undefined',
        `the secret ${JSON.stringify(source)} is not declared under "secrets" of the document`,
      );
      return;
    }
    const file = target.startsWith('/') ? target : `/run/secrets/${target || source}`;
    draft.secretFiles.set(file, secrets.forDeclared(source, external));
    giveAsVariable(source, file, entryAt, draft, report);
  });
}

/** Under a name of its own, unless a variable of the service reads the file: see `Variables.readSecretFiles`. */
function giveAsVariable(source: string, file: string, at: string, draft: ServiceDraft, report: Report): void {
  const key = source
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replace(/^(?=\d)/, '_');
  draft.secretVariables.push({ key, file, at });
  report.approximated(at, 'secret-file', `secrets are variables of a node: there is no file ${file}`);
}
