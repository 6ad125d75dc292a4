import type { ArgumentMetadata } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { InvalidInput } from './errors';
import { PageQuery } from './page-query.dto';
import { ValidationPipe } from './validation.pipe';

class ValidationSpecPart {
  @IsString()
  @Matches(/^[a-z]+$/)
  name: string;
}

class ValidationSpecBody {
  @IsString()
  @MaxLength(5)
  title: string;

  @IsIn(['edge', 'cloud'])
  hosting: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(9)
  replicas?: number;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => ValidationSpecPart)
  parts?: ValidationSpecPart[];
}

class ValidationSpecPeriod {
  @IsOptional()
  @IsISO8601({ strict: true })
  since?: string;
}

const pipe = new ValidationPipe();
const body: ArgumentMetadata = { type: 'body', metatype: ValidationSpecBody };
const problemsOf = (value: unknown, metadata = body): unknown[] => {
  try {
    pipe.transform(value, metadata);
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems.map(({ code, pointer }) => `${code} ${pointer}`);
    throw error;
  }
  return [];
};

describe('Validation of a body', () => {
  it('lets through what is described', () => {
    expect(problemsOf({ title: 'abc', hosting: 'edge', replicas: 3, parts: [{ name: 'x' }] })).toEqual([]);
  });

  it('tells all problems at once, each with a pointer and a code', () => {
    const value = { title: 'too long', hosting: 'moon', replicas: 0, parts: [{ name: 'X' }, {}], 'a/b': 1 };
    expect(problemsOf(value).sort()).toEqual([
      'not-one-of /hosting',
      'required /parts/1/name',
      'too-long /title',
      'too-small /replicas',
      'unknown-field /a~1b',
      'wrong-format /parts/0/name',
    ]);
  });

  it('refuses unknown fields at every level', () => {
    expect(problemsOf({ title: 'a', hosting: 'edge', parts: [{ name: 'x', extra: true }] })).toEqual([
      'unknown-field /parts/0/extra',
    ]);
  });

  it('does not turn text into numbers', () => {
    expect(problemsOf({ title: 'a', hosting: 'edge', replicas: '3' })).toEqual(['wrong-type /replicas']);
  });

  it.each([undefined, null, [], 'text', 7])('needs an object, not %j', (value) => {
    expect(problemsOf(value)).not.toEqual([]);
  });
});

describe('Validation of a query', () => {
  const query: ArgumentMetadata = { type: 'query', metatype: PageQuery };

  it('turns text into the declared types', () => {
    expect(pipe.transform({ limit: '20' }, query)).toEqual({ limit: 20 });
  });

  it('refuses what is out of range or unknown', () => {
    expect(problemsOf({ limit: '0', offset: '3' }, query).sort()).toEqual(['too-small /limit', 'unknown-field /offset']);
  });

  it('says once that something is no date and no moment', () => {
    const period: ArgumentMetadata = { type: 'query', metatype: ValidationSpecPeriod };
    expect(problemsOf({ since: 'yesterday' }, period)).toEqual(['wrong-format /since']);
    for (const since of ['2026-03-01', '2026-03-01T12:00:00.5+02:00']) expect(problemsOf({ since }, period)).toEqual([]);
  });
});
