import { IsInt, IsString, Min } from 'class-validator';
import { InvalidConfig, loadConfig } from './load-config';

class LoadConfigSpec {
  @IsInt({ message: 'SPEC_PORT must be a whole number' })
  @Min(1, { message: 'SPEC_PORT must be positive' })
  SPEC_PORT: number = 3000;

  @IsString({ message: 'SPEC_KEY is needed' })
  SPEC_KEY: string | undefined = undefined;
}

describe('Configuration', () => {
  it('is read from the environment, with defaults', () => {
    expect({ ...loadConfig(LoadConfigSpec, { SPEC_KEY: 'k' }) }).toEqual({ SPEC_PORT: 3000, SPEC_KEY: 'k' });
    expect(loadConfig(LoadConfigSpec, { SPEC_PORT: '80', SPEC_KEY: 'k' }).SPEC_PORT).toBe(80);
  });

  it('tells every variable that is wrong, and no value', () => {
    const load = (): unknown => loadConfig(LoadConfigSpec, { SPEC_PORT: 'hush-hush' });
    expect(load).toThrow(InvalidConfig);
    expect(load).toThrow(/SPEC_PORT must be a whole number[\s\S]*SPEC_KEY is needed/);
    expect(load).not.toThrow(/hush-hush/);
  });
});
