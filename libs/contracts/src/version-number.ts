import { compare } from 'semver';

/** Whether one semantic version comes before another by precedence (semver.org, 11): `1.0.0-rc.1` before `1.0.0` before `1.1.0`. */
export const isEarlierVersion = (one: string, other: string): boolean => compare(one, other) < 0;
