import { parseImage, type Preset, presets } from '@souk/topology';
import type { Report } from './finding';
import type { ServiceDraft } from './service-draft';

const byRepository: ReadonlyMap<string, Preset> = new Map(presets.map((preset) => [repositoryOf(preset.image), preset]));

/** The preset whose image this is, whatever its tag. */
export function presetOfImage(image: string | undefined): Preset | undefined {
  return image === undefined ? undefined : byRepository.get(repositoryOf(image));
}

/** The preset that the service can be a node of: one that has every variable that the preset needs. */
export function presetOf({ image, environment, isInit }: ServiceDraft): Preset | undefined {
  const preset = isInit ? undefined : presetOfImage(image);
  return preset?.variables.every(({ key, required }) => !required || environment.has(key)) ? preset : undefined;
}

/** Variables that the image of MariaDB knows by the names of MySQL too, which the preset does not. */
const olderNames: ReadonlyMap<string, string> = new Map([
  ['MYSQL_ROOT_PASSWORD', 'MARIADB_ROOT_PASSWORD'],
  ['MYSQL_DATABASE', 'MARIADB_DATABASE'],
  ['MYSQL_USER', 'MARIADB_USER'],
  ['MYSQL_PASSWORD', 'MARIADB_PASSWORD'],
]);

/** Gives variables of MariaDB the names that its preset knows. */
export function renameVariables({ image, environment }: ServiceDraft, report: Report): void {
  if (presetOfImage(image)?.name !== 'mariadb') return;
  for (const [older, name] of olderNames) {
    const variable = environment.get(older);
    if (!variable || environment.has(name)) continue;
    environment.delete(older);
    environment.set(name, variable);
    report.approximated(variable.at, 'variable-renamed', `"${older}" is called "${name}", as the image calls it today`);
  }
}

function repositoryOf(image: string): string {
  const parsed = parseImage(image);
  return parsed ? `${parsed.registry}/${parsed.repository}` : image;
}
