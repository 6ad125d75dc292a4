import { optional, type Preset, tcp } from './preset';

export const nginx: Preset = {
  name: 'nginx',
  title: 'Nginx',
  description: 'Web server and reverse proxy.',
  kind: 'web-server',
  image: 'docker.io/library/nginx:1.28.0',
  platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'],
  ports: [tcp(80)],
  variables: [
    optional('NGINX_HOST', 'For templates in /etc/nginx/templates'),
    optional('NGINX_PORT', 'For templates in /etc/nginx/templates'),
  ],
  cpu: { request: '50m', limit: '500m' },
  memory: { request: '32Mi', limit: '128Mi' },
};
