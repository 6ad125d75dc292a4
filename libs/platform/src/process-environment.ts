import { IsIn, IsInt, IsOptional, IsString, IsUrl, Max, Min } from 'class-validator';

const PORT_RANGE = 'PORT must be a whole number between 0 (any free one) and 65535';

/** Variables of the environment that every process has, by their names. */
export class ProcessEnvironment {
  @IsInt({ message: PORT_RANGE })
  @Min(0, { message: PORT_RANGE })
  @Max(65535, { message: PORT_RANGE })
  PORT: number = 3000;

  @IsString({ message: 'HOST must be an address to listen on' })
  HOST: string = '127.0.0.1';

  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    message: 'LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
  })
  LOG_LEVEL: string = 'warn';

  /** Where traces are sent, OTLP over HTTP; without it none are recorded. */
  @IsOptional()
  @IsUrl(
    { require_tld: false, require_protocol: true, protocols: ['http', 'https'] },
    { message: 'OTEL_EXPORTER_OTLP_ENDPOINT must be an http(s) URL' },
  )
  OTEL_EXPORTER_OTLP_ENDPOINT: string | undefined = undefined;
}
