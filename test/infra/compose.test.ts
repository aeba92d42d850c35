import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { Config, variableOf } from '../../infra/config.ts';

/** The part of the Compose specification that infra/compose.yaml uses; an unknown key is a typing error. */
const Service = z.strictObject({
  image: z.string().regex(/:/),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  restart: z.enum(['unless-stopped', 'on-failure:5']),
  network_mode: z.literal('host').optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.enum(['service_healthy', 'service_completed_successfully']) })).optional(),
  healthcheck: z.strictObject({ test: z.array(z.string()), interval: z.string(), timeout: z.string(), retries: z.number(), start_period: z.string().optional() }).optional(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
});
const Compose = z.object({ name: z.string(), services: z.record(z.string(), Service), volumes: z.record(z.string(), z.null()) });

const infra = join(import.meta.dirname, '..', '..', 'infra');
const compose = Compose.parse(parse(readFileSync(join(infra, 'compose.yaml'), 'utf8'), { merge: true }));
const services = Object.entries(compose.services);

it('binds every port to loopback', () => {
  const ports = services.flatMap(([, { ports: each = [] }]) => each);
  expect(ports.length).toBeGreaterThan(0);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

it('waits only for services that can say that they are ready', () => {
  for (const [name, { depends_on: needs = {} }] of services) {
    for (const [other, { condition }] of Object.entries(needs)) {
      const needed = compose.services[other];
      expect(needed, `${name} needs ${other}`).toBeDefined();
      if (condition === 'service_healthy') expect(needed?.healthcheck, `${other} has a health check`).toBeDefined();
    }
  }
});

it('pins every image to a version', () => {
  expect(services.filter(([, { image }]) => image.endsWith(':latest')).map(([name]) => name)).toEqual([]);
});

it('sets only variables that the configuration knows', () => {
  const known = new Set(Object.keys(Config.shape).map(variableOf));
  const given = Object.keys(compose.services['worker']?.environment ?? {});
  expect(given.filter((name) => !known.has(name))).toEqual([]);
});

it('gives the engine’s socket to no service but our own', () => {
  const holders = services.filter(([, { volumes = [] }]) => volumes.some((volume) => volume.includes('docker.sock'))).map(([name]) => name);
  expect(holders.toSorted()).toEqual(['prepare', 'worker']);
});

it('mounts files that are there, and volumes that are declared', () => {
  for (const source of services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''))) {
    if (source.startsWith('.')) expect(existsSync(join(infra, source)), source).toBe(true);
    else if (!source.startsWith('/')) expect(Object.keys(compose.volumes)).toContain(source);
  }
});

it('asks for every secret in the example of its environment file', () => {
  const text = readFileSync(join(infra, 'compose.yaml'), 'utf8');
  const asked = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
  const example = readFileSync(join(infra, 'compose', 'example.env'), 'utf8');
  for (const name of asked) expect(example).toMatch(new RegExp(`^${name}=$`, 'm'));
});
